package ringpull.transport.rdma;

import java.time.Duration;

/** A moment by which several steps together must be done. */
record Deadline(Duration limit, long nanos) {
    static Deadline in(Duration limit) {
        return new Deadline(limit, System.nanoTime() + limit.toNanos());
    }

    /** What is left, rounded up; 0: it is over. */
    int millis() {
        long left = nanos - System.nanoTime();
        return left <= 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, (left + 999_999) / 1_000_000);
    }
}
