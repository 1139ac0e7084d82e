package ringpull.swarm.wire;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import ringpull.ring.MemberId;

/**
 * How many bytes of small blobs members are told: each of them, and all together. So much at once, and so much a second
 * after that; who wants more brings it with the others. For any thread.
 */
final class Allowance {
    /** What one member is told at once and in a second. */
    static final int MEMBER_BYTES = 4 << 20;

    /** What all are told at once, and in a second. */
    static final int ALL_BYTES = 16 << 20;

    /** What an answer costs at least. */
    static final int LEAST_BYTES = 1 << 10;

    private static final long SPAN_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** When each has been told no more than may be told in the time; who is not here long ago. */
    private final Map<MemberId, Long> paidUntil = new HashMap<>();

    private long allPaidUntil = Long.MIN_VALUE / 2;
    private long sweptAt = Long.MIN_VALUE / 2;

    /** Whether this member may be told one more. */
    synchronized boolean isLeft(MemberId member, long nowNanos) {
        sweep(nowNanos);
        return owed(allPaidUntil, nowNanos) < SPAN_NANOS
                && owed(paidUntil.getOrDefault(member, nowNanos), nowNanos) < SPAN_NANOS;
    }

    /** Takes what an answer costs; false if there is nothing left to take from. */
    synchronized boolean take(MemberId member, int bytes, long nowNanos) {
        if (!isLeft(member, nowNanos)) {
            return false;
        }
        long cost = Math.max(LEAST_BYTES, bytes);
        allPaidUntil = nowNanos + owed(allPaidUntil, nowNanos) + Math.ceilDiv(cost * SPAN_NANOS, ALL_BYTES);
        long own = owed(paidUntil.getOrDefault(member, nowNanos), nowNanos);
        paidUntil.put(member, nowNanos + own + Math.ceilDiv(cost * SPAN_NANOS, MEMBER_BYTES));
        return true;
    }

    private static long owed(long paidUntil, long nowNanos) {
        return Math.max(0, paidUntil - nowNanos);
    }

    private void sweep(long nowNanos) {
        if (nowNanos - sweptAt > SPAN_NANOS) {
            sweptAt = nowNanos;
            paidUntil.values().removeIf(until -> until - nowNanos <= 0);
        }
    }
}
