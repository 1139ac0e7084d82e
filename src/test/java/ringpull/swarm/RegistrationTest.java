package ringpull.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.swarm.TestRing.MILLIS;
import static ringpull.swarm.TestRing.SECONDS;
import static ringpull.swarm.TestRing.digest;
import static ringpull.swarm.TestRing.member;
import static ringpull.swarm.TestRing.said;
import static ringpull.swarm.TestRing.told;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** A puller's standing with its home, told event by event. */
class RegistrationTest {
    private static final Digest BLOB = digest(1);
    private static final MemberId HOME = member(1);
    private static final MemberId NEXT = member(2);
    private static final int SEEDS = 200;

    private static TestRing ring(long seed) {
        TestRing ring = new TestRing(seed);
        ring.order(HOME, NEXT, ring.self);
        return ring;
    }

    private static List<Effect> starts(TestRing ring) {
        return ring.happens(new Event.Start(BLOB, "registry.test/image", -1, List.of()));
    }

    private static Message.Grant grant(Message.Report report, int pullers) {
        return new Message.Grant(
                BLOB, "", report.nonce(), -1, List.of(), List.of(), pullers, 10 * SECONDS, List.of(), List.of(), false);
    }

    /** Nanoseconds from the home's death until the next in rank hears of this puller. */
    private static long comesAfter(long seed, int pullers) {
        TestRing ring = ring(seed);
        List<Message.Report> reports = said(starts(ring), Message.Report.class);
        ring.hears(HOME, grant(reports.getFirst(), pullers));
        ring.order(NEXT, ring.self);
        ring.happens(new Event.Down(HOME));
        long died = ring.now();
        while (!told(ring.passes(20 * MILLIS), Message.Report.class).equals(List.of(NEXT))) {
            assertThat(ring.now() - died).isLessThan(10 * SECONDS);
        }
        return ring.now() - died;
    }

    @ParameterizedTest
    @CsvSource({"200, 1000", "10000, 5000"})
    void allComeToANewHomeInTimeAndNotAtOnce(int pullers, long withinMillis) {
        List<Long> after = LongStream.range(0, SEEDS)
                .mapToObj(seed -> comesAfter(seed, pullers))
                .toList();

        assertThat(after).allMatch(nanos -> nanos <= withinMillis * MILLIS);
        long span = Math.max(40 * MILLIS, withinMillis * MILLIS / 25);
        for (long from = 0; from < withinMillis * MILLIS; from += span) {
            long begin = from;
            assertThat(after.stream().filter(nanos -> nanos > begin && nanos <= begin + span))
                    .as("between %d and %d ms", begin / MILLIS, (begin + span) / MILLIS)
                    .hasSizeLessThan(SEEDS * 2 / 3);
        }
    }

    @Test
    void aHomeThatDoesNotAnswerTwiceIsNamedToTheNext() {
        TestRing ring = ring(1);
        List<Message.Report> reports = new ArrayList<>(said(starts(ring), Message.Report.class));
        reports.addAll(said(ring.passes(3 * SwarmLimits.ANSWER), Message.Report.class));

        assertThat(reports.getFirst().silent()).isEmpty();
        assertThat(reports.getLast().silent()).containsExactly(HOME);
        assertThat(reports.getLast().nonce()).isGreaterThan(reports.getFirst().nonce());
    }

    @Test
    void answersToNoReportAndOldAnswersAreNotHeard() {
        TestRing ring = ring(1);
        Message.Report report = said(starts(ring), Message.Report.class).getFirst();
        Message.Grant hopeless = new Message.Grant(
                BLOB, "", report.nonce() + 1, -1, List.of(), List.of(), 1, SECONDS, List.of(), List.of(), true);

        assertThat(ring.hears(NEXT, hopeless)).noneMatch(effect -> effect instanceof Effect.Alone);
    }
}
