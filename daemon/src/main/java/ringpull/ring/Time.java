package ringpull.ring;

/**
 * The ring's own time, which advances with the monotonic clock but never leaps: after a process was stopped for a while,
 * the answers that wait for it are heard before anybody is suspected.
 */
final class Time {
    static final long MILLIS = 1_000_000L;
    static final long SECONDS = 1_000 * MILLIS;

    /** Far in the future, and safe to add to. */
    static final long NEVER = Long.MAX_VALUE / 2;

    private static final long LEAP = 500 * MILLIS;

    private long monotonic;
    private boolean started;
    private volatile long now;

    long now() {
        return now;
    }

    void advance(long nowNanos) {
        if (started) {
            long sofar = now; // only this thread writes
            now = sofar + Math.clamp(nowNanos - monotonic, 0, LEAP);
        }
        started = true;
        monotonic = nowNanos;
    }
}
