package ringpull.fetch;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import ringpull.blob.Digest;

/** Waits for a fetch, looks at it now and then, and stops waiting when nothing moves any more. */
final class FetchWait {
    /** How long a fetch may stand still. */
    static final Duration STALL_MAX = Duration.ofMinutes(2);

    private static final long TICK_MILLIS = 200;

    private final LongSupplier nanoTime;

    FetchWait(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Looks at a fetch: after every change, folded to five calls a second. */
    interface Look {
        void at(Fetch fetch) throws ImageFailed;
    }

    /** Returns when the blob is proven and stored; throws if it will not be, if it stands still, or if the look does. */
    void await(Fetch fetch, Look look) throws ImageFailed, InterruptedException {
        CountDownLatch ended = new CountDownLatch(1);
        try (Fetch.Subscription _ = fetch.onChange(() -> countDownIfEnded(fetch, ended))) {
            countDownIfEnded(fetch, ended);
            long received = fetch.receivedBytes();
            long movedAt = nanoTime.getAsLong();
            boolean over = false;
            while (!over) {
                look.at(fetch);
                over = ended.await(TICK_MILLIS, TimeUnit.MILLISECONDS);
                long now = nanoTime.getAsLong();
                if (fetch.receivedBytes() != received) {
                    received = fetch.receivedBytes();
                    movedAt = now;
                } else if (!over && now - movedAt > STALL_MAX.toNanos()) {
                    throw ImageFailed.of(
                            fetch.digest().toString(), "stalled", "no byte for " + STALL_MAX.toSeconds() + " s");
                }
            }
        }
        look.at(fetch);
        if (fetch.state() == Fetch.State.FAILED) {
            throw ImageFailed.of(fetch.digest().toString(), fetch.failureReason(), fetch.failureDetail());
        }
    }

    /** Whether a size that is known contradicts what the descriptor promised. */
    static void checkSize(Digest digest, long promised, OptionalLong actual) throws ImageFailed {
        if (actual.isPresent() && actual.getAsLong() != promised) {
            throw ImageFailed.of(
                    digest.toString(),
                    "malformed",
                    "the manifest says " + promised + " bytes, but the blob has " + actual.getAsLong());
        }
    }

    private static void countDownIfEnded(Fetch fetch, CountDownLatch ended) {
        if (fetch.state() != Fetch.State.RUNNING) {
            ended.countDown();
        }
    }
}
