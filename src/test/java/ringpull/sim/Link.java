package ringpull.sim;

/** One direction of a node's network card: so many bytes a second, and a queue before it that drops when it is full. */
final class Link {
    /** 10 Gbit/s. */
    static final double FAST = 1.25e9;

    /** What the queue holds, in time. */
    private static final long QUEUE_NANOS = 2 * RingSimulation.SECOND;

    private double bytesPerSecond = FAST;
    private long freeAt;

    void rate(double newBytesPerSecond) {
        bytesPerSecond = newBytesPerSecond;
        freeAt = 0;
    }

    /** When bytes that come at this time are through; {@link Network#NEVER} if they are dropped. */
    long through(long at, int bytes) {
        long starts = Math.max(at, freeAt);
        if (starts - at > QUEUE_NANOS) {
            return Network.NEVER;
        }
        freeAt = starts + (long) (bytes * (RingSimulation.SECOND / bytesPerSecond));
        return freeAt;
    }
}
