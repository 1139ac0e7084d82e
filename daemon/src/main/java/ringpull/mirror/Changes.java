package ringpull.mirror;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.fetch.Fetch;

/** Waits for a fetch to change; a change between two waits is not missed. Ends its subscription when closed. */
final class Changes implements AutoCloseable {
    private final BlockingQueue<Boolean> changed = new ArrayBlockingQueue<>(1);
    private final Fetch.Subscription subscription;

    Changes(Fetch fetch) {
        subscription = fetch.onChange(() -> changed.offer(Boolean.TRUE));
    }

    /** Returns after a change since the last wait, or after this time. */
    void await(long nanos) throws InterruptedException {
        @Nullable Boolean ignored = changed.poll(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        subscription.close();
    }
}
