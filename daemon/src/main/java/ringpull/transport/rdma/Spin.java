package ringpull.transport.rdma;

import java.time.Duration;

/**
 * How long to look for completions before sleeping: as long as that pays. A look that found something doubles the time, one in
 * vain halves it. Used by one thread.
 */
final class Spin {
    private static final int HALVINGS_MAX = 6;

    private final long most;
    private long nanos;

    /** @param most zero: never */
    Spin(Duration most) {
        this.most = most.toNanos();
        this.nanos = this.most;
    }

    /** How long the next look may take; 0: sleep at once. */
    long nanos() {
        return nanos;
    }

    void found() {
        nanos = Math.min(2 * nanos, most);
    }

    void foundNothing() {
        nanos = Math.max(nanos / 2, most >> HALVINGS_MAX); // so that it is found out when it pays again
    }
}
