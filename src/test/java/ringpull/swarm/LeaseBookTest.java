package ringpull.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.swarm.TestRing.MILLIS;
import static ringpull.swarm.TestRing.digest;
import static ringpull.swarm.TestRing.member;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import ringpull.swarm.Client.Granted;

class LeaseBookTest {
    private static final int CHUNKS = 1_000;
    private static final int STREAMS = 8;

    private final LeaseBook book = new LeaseBook(CHUNKS);
    private long id;

    private static Client client(int number) {
        return new Client(TestReport.of(digest(1), member(number)).build());
    }

    private Optional<Granted> next() {
        return Optional.ofNullable(book.grant(client(0), Lease.Kind.ORIGIN, null, STREAMS, ++id, false, 0));
    }

    private Granted grant(int to) {
        return Objects.requireNonNull(book.grant(client(to), Lease.Kind.ORIGIN, null, STREAMS, ++id, false, 0));
    }

    private @Nullable Granted divide() {
        return book.divide(client(2), Lease.Kind.ORIGIN, ++id, 1_000 * MILLIS);
    }

    private void brings(Granted granted, int next, long now) {
        Lease told = new Lease(granted.id, granted.kind, granted.first, next, granted.end, 0);
        book.progress(granted, told, now);
    }

    @Test
    void runsAreLargeAtFirstAndSmallAtTheEndAndNoChunkIsInTwo() {
        Deque<Granted> running = new ArrayDeque<>();
        List<Integer> sizes = new ArrayList<>();
        ChunkBits leased = new ChunkBits(CHUNKS);
        for (Optional<Granted> some = next(); some.isPresent(); some = next()) {
            Granted next = some.get();
            Run run = new Run(next.first, next.end);
            assertThat(leased.setAll(run)).isEqualTo(run.count());
            sizes.add(run.count());
            running.add(next);
            if (running.size() == STREAMS) {
                Granted done = running.remove();
                brings(done, done.end, 0);
                book.end(done, 0);
            }
        }

        assertThat(leased.full()).isTrue();
        assertThat(sizes).isSortedAccordingTo((a, b) -> b - a);
        assertThat(sizes.getFirst()).isBetween(CHUNKS / (4 * STREAMS), SwarmLimits.LEASE_CHUNKS);
        assertThat(sizes.getLast()).isEqualTo(1);
    }

    @Test
    void whatALeaseDidNotBringIsFreeAgain() {
        Granted granted = grant(0);
        brings(granted, granted.first + 10, 0);

        book.end(granted, 0);

        assertThat(grant(1).first).isEqualTo(granted.first + 10);
    }

    @Test
    void theSecondHalfOfASlowLeaseGoesToAnother() {
        Granted quick = grant(0);
        Granted slow = grant(1);
        int end = slow.end;
        brings(quick, quick.end, 1_000 * MILLIS);
        book.end(quick, 1_000 * MILLIS);
        brings(slow, slow.first + 1, 1_000 * MILLIS);

        Granted half = Objects.requireNonNull(divide());

        assertThat(half.first).isEqualTo(slow.end).isBetween(slow.next + 1, end - 1);
        assertThat(half.end).isEqualTo(end);
    }

    @Test
    void aLeaseAtTheUsualPaceIsNotDivided() {
        Granted quick = grant(0);
        Granted other = grant(1);
        brings(quick, quick.end, 1_000 * MILLIS);
        book.end(quick, 1_000 * MILLIS);
        brings(other, other.end - 5, 1_000 * MILLIS);

        assertThat(divide()).isNull();
    }

    @Test
    void aNewHomeAdoptsLeasesThatAreToldAndNeverTwoOfOneChunk() {
        assertThat(book.adopt(client(0), new Lease(91, Lease.Kind.ORIGIN, 0, 5, 60, 0), 0))
                .isTrue();

        assertThat(book.adopt(client(1), new Lease(92, Lease.Kind.ORIGIN, 40, 40, 99, 0), 0))
                .isFalse();
        assertThat(book.covered().get(4)).isTrue();
        assertThat(grant(2).first).isEqualTo(60);
    }
}
