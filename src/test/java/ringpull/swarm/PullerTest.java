package ringpull.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.swarm.TestRing.MILLIS;
import static ringpull.swarm.TestRing.SECONDS;
import static ringpull.swarm.TestRing.digest;
import static ringpull.swarm.TestRing.member;
import static ringpull.swarm.TestRing.said;
import static ringpull.swarm.TestRing.told;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** A puller among neighbours, told event by event: what it asks of whom, and what it tells them. */
class PullerTest {
    private static final Digest BLOB = digest(1);
    private static final int CHUNKS = 400;
    private static final MemberId ONE = member(1);
    private static final MemberId OTHER = member(2);
    private static final MemberId LISTENER = member(3);

    private final TestRing ring = new TestRing(3);
    private final List<Effect> seen = new ArrayList<>();

    private void happens(Event event) {
        seen.addAll(ring.happens(event));
    }

    private void passes(long nanos) {
        seen.addAll(ring.passes(nanos));
    }

    private void starts() {
        ring.order(member(99));
        happens(new Event.Start(BLOB, "", (long) CHUNKS * Chunk.SIZE_BYTES, List.of()));
        happens(new Event.Opened(BLOB, List.of()));
    }

    private void greets(MemberId neighbour, List<Run> having) {
        happens(new Event.Received(neighbour, new Message.Hello(BLOB, true, having, List.of())));
    }

    private void greetsWithAll(MemberId neighbour) {
        greets(neighbour, List.of(new Run(0, CHUNKS)));
    }

    private List<Effect.ReadMember> asked() {
        return seen.stream()
                .filter(Effect.ReadMember.class::isInstance)
                .map(Effect.ReadMember.class::cast)
                .toList();
    }

    private List<Effect.ReadMember> asked(MemberId of) {
        return asked().stream().filter(read -> read.from().equals(of)).toList();
    }

    private void lands(Effect.ReadMember read, int chunk) {
        happens(new Event.Landed(BLOB, read.read(), chunk));
        happens(new Event.Checked(BLOB, chunk, true));
        if (chunk + 1 == read.run().end()) {
            happens(new Event.Ended(BLOB, read.read(), Event.Outcome.DONE, 0));
        }
    }

    private record Due(long at, Effect.ReadMember read, int chunk) {}

    /** Neighbours answer after the delay, and no more than so many chunks a second come in; the most that was in flight. */
    @ParameterizedTest
    @CsvSource({"100, 20, 12, 24", "100, 200, 30, 90", "20, 400, 14, 50", "50, 1000, 30, 200", "500, 2000, 60, 264"})
    void whatIsInFlightFollowsTheMeasuredSpeedAndDelay(int delayMillis, int perSecond, int least, int most) {
        starts();
        for (int i = 0; i < 40; i++) {
            greetsWithAll(member(100 + i));
        }
        Queue<Due> onTheWay = new ArrayDeque<>();
        int known = 0;
        int inFlightMost = 0;
        long free = 0;
        int landed = 0;
        while (landed < CHUNKS) {
            List<Effect.ReadMember> all = asked();
            for (; known < all.size(); known++) {
                Effect.ReadMember read = all.get(known);
                for (int chunk = read.run().first(); chunk < read.run().end(); chunk++) {
                    free = Math.max(free + SECONDS / perSecond, ring.now() + delayMillis * MILLIS);
                    onTheWay.add(new Due(free, read, chunk));
                }
            }
            inFlightMost = Math.max(inFlightMost, onTheWay.size());
            while (!onTheWay.isEmpty() && onTheWay.element().at <= ring.now()) {
                Due due = onTheWay.remove();
                lands(due.read, due.chunk);
                landed++;
            }
            passes(MILLIS);
        }

        assertThat(inFlightMost).isBetween(least, most);
    }

    @Test
    void aNeighbourThatFallsSilentIsHedgedAndThenReplaced() {
        starts();
        greetsWithAll(ONE);
        List<Effect.ReadMember> owed = asked(ONE);
        assertThat(owed).isNotEmpty();
        greetsWithAll(OTHER);
        answers(OTHER, 0);

        passes(500 * MILLIS);

        int[] late = owed.stream()
                .flatMapToInt(
                        read -> IntStream.range(read.run().first(), read.run().end()))
                .toArray();
        assertThat(asked(OTHER))
                .as("a chunk of each read that stands still is asked for elsewhere too")
                .anyMatch(
                        read -> IntStream.of(late).anyMatch(chunk -> read.run().first() == chunk));
        int reads = asked(ONE).size();
        int already = asked(OTHER).size();
        passes(SwarmLimits.READ_STILL);
        answers(OTHER, already - 1);
        passes(SECONDS);

        assertThat(asked(ONE)).as("nothing more is asked of it").hasSize(reads);
        for (int chunk : late) {
            assertThat(asked(OTHER))
                    .anyMatch(read ->
                            read.run().first() <= chunk && chunk < read.run().end());
        }
        assertThat(seen).contains(new Effect.Cancel(BLOB, owed.getFirst().read()));
    }

    /** Answers what was asked of a neighbour, from this read on, and what it is asked for that, while there is something. */
    private void answers(MemberId neighbour, int from) {
        for (int i = Math.max(0, from); i < asked(neighbour).size(); i++) {
            Effect.ReadMember read = asked(neighbour).get(i);
            for (int chunk = read.run().first(); chunk < read.run().end(); chunk++) {
                lands(read, chunk);
            }
        }
    }

    @Test
    void neighboursHearOfChunksWithinATenthOfASecondAndOfManyAtOnce() {
        starts();
        greetsWithAll(ONE);
        greets(LISTENER, List.of());
        passes(SECONDS);
        seen.clear();
        Deque<Integer> came = new ArrayDeque<>();
        for (int i = 0; i < 5; i++) {
            greetsWithAll(member(200 + i));
            for (Effect.ReadMember read : asked(member(200 + i))) {
                for (int chunk = read.run().first(); chunk < read.run().end(); chunk++) {
                    lands(read, chunk);
                    came.add(chunk);
                }
            }
            passes(4 * MILLIS);
        }
        passes(120 * MILLIS);

        List<Message.Have> haves = said(seen, Message.Have.class);
        ChunkBits heard = new ChunkBits(CHUNKS);
        haves.forEach(have -> have.runs().forEach(heard::setAll));
        assertThat(came).isNotEmpty().allMatch(heard::get);
        assertThat(told(seen, Message.Have.class))
                .as("who has all hears nothing")
                .containsOnly(LISTENER);
        assertThat(haves).as("one at once, and one for all that came after").hasSizeLessThanOrEqualTo(3);
    }
}
