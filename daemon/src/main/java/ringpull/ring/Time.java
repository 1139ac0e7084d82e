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

    /** What one step may be late. */
    static final long LEAP = 500 * MILLIS;

    private long monotonic;
    private boolean started;
    private long wakeAt;
    private volatile long now;

    long now() {
        return now;
    }

    /** True if the step was longer than the driver may sleep: the process did not run for a while. */
    boolean advance(long nowNanos) {
        long sofar = now; // only this thread writes
        long step = started ? nowNanos - monotonic : 0;
        long most = Math.max(0, wakeAt - sofar) + LEAP;
        now = sofar + Math.clamp(step, 0, most);
        started = true;
        monotonic = nowNanos;
        return step > most;
    }

    /** Nothing is due before this time; the driver may sleep until then. */
    void sleepUntil(long time) {
        wakeAt = time;
    }

    /** That on the driver's clock. */
    long wakeAtNanos() {
        return monotonic + Math.min(Math.max(0, wakeAt - now), NEVER / 2);
    }
}
