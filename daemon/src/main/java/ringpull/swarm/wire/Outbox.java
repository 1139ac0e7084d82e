package ringpull.swarm.wire;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import ringpull.v1.SwarmMessage;

/** Messages that wait for one member; one call carries as many as there are. Used under its own lock. */
final class Outbox {
    /** Past so many the oldest is lost: what matters is said again. */
    static final int WAITING_MAX = 1_024;

    private static final int BATCH_BYTES = 1 << 20;

    private final Deque<SwarmMessage> waiting = new ArrayDeque<>();
    private boolean underWay;
    private long usedNanos;

    /** Adds a message; true if a call is to begin. */
    synchronized boolean add(SwarmMessage message, long nowNanos) {
        usedNanos = nowNanos;
        if (waiting.size() >= WAITING_MAX) {
            waiting.removeFirst();
        }
        waiting.addLast(message);
        boolean begins = !underWay;
        underWay = true;
        return begins;
    }

    /** What the next call carries; empty if there is nothing, and then no call is under way. */
    synchronized List<SwarmMessage> next() {
        List<SwarmMessage> batch = new ArrayList<>();
        int bytes = 0;
        while (!waiting.isEmpty() && bytes < BATCH_BYTES) {
            SwarmMessage message = waiting.removeFirst();
            bytes += message.getSerializedSize();
            batch.add(message);
        }
        underWay = !batch.isEmpty();
        return batch;
    }

    /** The member cannot be reached: what waits for it is lost. */
    synchronized void fail() {
        waiting.clear();
        underWay = false;
    }

    synchronized boolean unusedFor(long nanos, long nowNanos) {
        return !underWay && waiting.isEmpty() && nowNanos - usedNanos > nanos;
    }
}
