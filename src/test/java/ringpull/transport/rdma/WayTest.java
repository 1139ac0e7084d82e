package ringpull.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import ringpull.transport.Await;
import ringpull.transport.TransferException;

/** How a holder fares that cannot be connected to, by a clock of ours. */
class WayTest {
    private final AtomicLong now = new AtomicLong(-5_000_000_000L); // a monotonic clock may be below zero
    private final AtomicInteger tries = new AtomicInteger();
    private final AtomicInteger silences = new AtomicInteger();
    private final InetSocketAddress holder = new InetSocketAddress(InetAddress.getLoopbackAddress(), 7);
    private IOException failure = new IOException("no way");
    private final Way way = new Way(
            holder,
            ended -> {
                tries.incrementAndGet();
                throw failure;
            },
            silences::incrementAndGet,
            now::get);

    private void fail() {
        assertThatThrownBy(way::connection)
                .isInstanceOf(TransferException.Unreachable.class)
                .hasMessageContaining(holder.toString())
                .hasMessageContaining("no way");
    }

    private void pass(long millis) {
        now.addAndGet(millis * 1_000_000);
    }

    @Test
    void theFirstReadTriesItAndTheNextOnesDoNot() {
        assertThat(way.isReady()).isTrue();
        fail();
        assertThat(way.isReady()).isFalse();
        assertThat(tries).hasValue(1);
    }

    @Test
    void afterItsPauseItIsTriedInTheBackgroundAndThePauseDoubles() throws Exception {
        fail();
        for (long pause : new long[] {1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 64_000}) {
            int before = tries.get();
            pass(pause - 1);
            assertThat(way.isReady()).isFalse();
            assertThat(tries).hasValue(before);
            pass(1);
            assertThat(way.isReady()).isFalse();
            Await.until("another try", () -> tries.get() == before + 1 && !way.isConnecting());
        }
    }

    @Test
    void aHolderThatIsFullIsBusy() {
        failure = new Endpoint.Rejected("full", Optional.of(Handshake.Rejection.BUSY));

        assertThatThrownBy(way::connection).isInstanceOf(TransferException.Busy.class);
    }

    @Test
    void silenceIsToldOnceAndOtherFailuresAreNot() throws Exception {
        fail();
        assertThat(silences).hasValue(0);
        failure = new Silence("no way");
        way.succeeded();
        fail();
        assertThat(silences).hasValue(1);
        for (int again = 1; again <= 3; again++) {
            fail();
        }
        assertThat(silences).hasValue(1);
    }

    @Test
    void inDoubtNoReadTriesItFirst() throws Exception {
        way.doubt();
        assertThat(way.isReady()).isFalse();
        Await.until("a try in the background", () -> tries.get() == 1 && !way.isConnecting());
        assertThat(way.isReady()).isFalse();
        way.doubt(); // says nothing new
        assertThat(way.isReady()).isFalse();
        assertThat(tries).hasValue(1);
    }

    @Test
    void afterCloseNothingIsTried() {
        way.close();

        assertThatThrownBy(way::connection).isInstanceOf(TransferException.Unreachable.class);
        assertThat(tries).hasValue(0);
    }
}
