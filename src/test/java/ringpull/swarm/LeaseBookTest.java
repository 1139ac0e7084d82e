package ringpull.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.swarm.TestRing.MILLIS;
import static ringpull.swarm.TestRing.digest;
import static ringpull.swarm.TestRing.member;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
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

    private @Nullable Granted grant(Client to, long now) {
        return book.grant(to, Lease.Kind.ORIGIN, null, STREAMS, ++id, false, now);
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
        for (Granted next = grant(client(0), 0); next != null; next = grant(client(0), 0)) {
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
        Granted granted = grant(client(0), 0);
        brings(granted, granted.first + 10, 0);

        book.end(granted, 0);

        assertThat(grant(client(1), 0).first).isEqualTo(granted.first + 10);
    }

    @Test
    void theSecondHalfOfASlowLeaseGoesToAnother() {
        Granted quick = grant(client(0), 0);
        Granted slow = grant(client(1), 0);
        int end = slow.end;
        brings(quick, quick.end, 1_000 * MILLIS);
        book.end(quick, 1_000 * MILLIS);
        brings(slow, slow.first + 1, 1_000 * MILLIS);

        Granted half = book.divide(client(2), Lease.Kind.ORIGIN, ++id, 1_000 * MILLIS);

        assertThat(half.first).isEqualTo(slow.end).isBetween(slow.next + 1, end - 1);
        assertThat(half.end).isEqualTo(end);
    }

    @Test
    void aLeaseAtTheUsualPaceIsNotDivided() {
        Granted quick = grant(client(0), 0);
        Granted other = grant(client(1), 0);
        brings(quick, quick.end, 1_000 * MILLIS);
        book.end(quick, 1_000 * MILLIS);
        brings(other, other.end - 5, 1_000 * MILLIS);

        assertThat(book.divide(client(2), Lease.Kind.ORIGIN, ++id, 1_000 * MILLIS)).isNull();
    }

    @Test
    void aNewHomeAdoptsLeasesThatAreToldAndNeverTwoOfOneChunk() {
        assertThat(book.adopt(client(0), new Lease(91, Lease.Kind.ORIGIN, 0, 5, 60, 0), 0)).isTrue();

        assertThat(book.adopt(client(1), new Lease(92, Lease.Kind.ORIGIN, 40, 40, 99, 0), 0))
                .isFalse();
        assertThat(book.covered().get(4)).isTrue();
        assertThat(grant(client(2), 0).first).isEqualTo(60);
    }
}
