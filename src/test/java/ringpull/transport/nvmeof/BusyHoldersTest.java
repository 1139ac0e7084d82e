package ringpull.transport.nvmeof;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringpull.transport.Await;

@Timeout(120)
class BusyHoldersTest {
    private static final InetSocketAddress ONE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    private static final InetSocketAddress OTHER = new InetSocketAddress(InetAddress.getLoopbackAddress(), 2);

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final AtomicInteger asked = new AtomicInteger();
    private volatile boolean isShort = true;
    private volatile boolean silent;
    private final CountDownLatch answer = new CountDownLatch(1);
    private final BusyHolders holders = new BusyHolders(this::ask, now::get);

    private boolean ask(InetSocketAddress holder) throws IOException, InterruptedException {
        asked.incrementAndGet();
        if (holder.equals(OTHER)) {
            answer.await();
        }
        if (silent) {
            throw new IOException("silent");
        }
        return isShort;
    }

    @Test
    void nobodyWaitsForAnAnswerAndOneAsks() throws InterruptedException {
        for (int i = 0; i < 10; i++) {
            assertThat(holders.contains(OTHER)).isFalse();
        }
        answer.countDown();

        Await.until("the answer", () -> holders.contains(OTHER));
        assertThat(asked).hasValue(1);
    }

    @Test
    void anOldAnswerHoldsUntilTheNextOneComes() throws InterruptedException {
        holders.contains(ONE);
        Await.until("the answer", () -> holders.contains(ONE));

        isShort = false;
        now.addAndGet(BusyHolders.ASKED_AGAIN.toNanos());

        assertThat(holders.contains(ONE)).isTrue();
        Await.until("the next answer", () -> !holders.contains(ONE));
        assertThat(asked).hasValue(2);
    }

    @Test
    void whatWasLongAgoOrIsNotAnsweredCountsForNothing() throws InterruptedException {
        holders.contains(ONE);
        Await.until("the answer", () -> holders.contains(ONE));
        now.addAndGet(BusyHolders.KEPT.toNanos());
        assertThat(holders.contains(ONE)).isFalse();
        Await.until("the next answer", () -> holders.contains(ONE));

        silent = true;
        now.addAndGet(BusyHolders.ASKED_AGAIN.toNanos());
        holders.contains(ONE);
        Await.until("no answer", () -> !holders.contains(ONE));
    }

    /** Or a read from each of them would ask anew. */
    @Test
    void moreThanAreRememberedAreNotAsked() throws InterruptedException {
        for (int port = 1000; port < 1000 + BusyHolders.HOLDERS_MAX; port++) {
            holders.contains(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }
        Await.until("all to be asked", () -> asked.get() == BusyHolders.HOLDERS_MAX);

        for (int i = 0; i < 10; i++) {
            assertThat(holders.contains(ONE)).isFalse();
        }
        now.addAndGet(BusyHolders.KEPT.toNanos());
        Await.until("room", () -> holders.contains(ONE));

        assertThat(asked).hasValue(BusyHolders.HOLDERS_MAX + 1);
    }
}
