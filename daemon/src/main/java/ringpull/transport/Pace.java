package ringpull.transport;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * A limit in bytes a second, shared by all who take from it: first come, first served. What nobody takes is kept for a
 * quarter of a second. For any thread.
 */
public final class Pace {
    /** No limit. */
    public static final Pace NONE = new Pace(0, System::nanoTime);

    private static final long KEPT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final long bytesPerSecond;
    private final LongSupplier nanoTime;

    /** When all that was promised so far has passed. */
    private long paidUntil;

    /** @param bytesPerSecond 0: no limit */
    public Pace(long bytesPerSecond, LongSupplier nanoTime) {
        this.bytesPerSecond = bytesPerSecond;
        this.nanoTime = nanoTime;
        this.paidUntil = nanoTime.getAsLong();
    }

    /** Something to do now and then while one waits. */
    @FunctionalInterface
    public interface Meanwhile {
        void run() throws InterruptedException;
    }

    public boolean isLimited() {
        return bytesPerSecond > 0;
    }

    /** The largest piece that passes in a quarter of a second, so that nobody waits long for its turn; at most so many. */
    public int piece(int most) {
        return bytesPerSecond == 0 ? most : Math.clamp(bytesPerSecond / 4, 1, most);
    }

    /** Takes so many bytes; returns the nanoseconds to wait before they may pass. */
    public synchronized long reserve(long bytes) {
        if (bytesPerSecond == 0) {
            return 0;
        }
        long now = nanoTime.getAsLong();
        if (paidUntil - now < -KEPT_NANOS) {
            paidUntil = now - KEPT_NANOS;
        }
        long wait = Math.max(0, paidUntil - now);
        paidUntil += (long) (bytes / (double) bytesPerSecond * TimeUnit.SECONDS.toNanos(1));
        return wait;
    }

    /** Takes so many bytes and waits until they may pass; for virtual threads. */
    public void take(long bytes, Meanwhile meanwhile) throws InterruptedException {
        long left = reserve(bytes);
        while (left > 0) {
            long nap = Math.min(left, LOOK_NANOS);
            TimeUnit.NANOSECONDS.sleep(nap);
            left -= nap;
            meanwhile.run();
        }
    }
}
