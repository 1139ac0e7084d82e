package ringpull.transport.tcp;

import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The connections that other members have open to this one; at most so many. Safe for many threads. */
final class OpenConnections {
    private final int max;
    private final Set<Channel> answering = new HashSet<>();
    private final LinkedHashSet<Channel> waiting = new LinkedHashSet<>();
    private boolean stopping;

    OpenConnections(int max) {
        this.max = max;
    }

    /** A connection came. If there are too many, the one that has waited longest for a request goes. */
    boolean admit(Channel channel) {
        Channel oldest = null;
        synchronized (this) {
            if (stopping) {
                return false;
            }
            if (answering.size() + waiting.size() >= max) {
                if (waiting.isEmpty()) {
                    return false;
                }
                oldest = waiting.removeFirst();
            }
            waiting.add(channel);
        }
        if (oldest != null) {
            var _ = oldest.close();
        }
        return true;
    }

    /** Its request is being answered; false if that is too late, because the server stops or the connection went. */
    synchronized boolean answering(Channel channel) {
        if (stopping || !waiting.remove(channel)) {
            return false;
        }
        return answering.add(channel);
    }

    /** It waits for a request again; false if the server stops, or the connection went. */
    synchronized boolean waiting(Channel channel) {
        if (answering.remove(channel)) {
            waiting.addLast(channel);
        }
        notifyAll();
        return !stopping && waiting.contains(channel);
    }

    synchronized void closed(Channel channel) {
        answering.remove(channel);
        waiting.remove(channel);
        notifyAll();
    }

    synchronized int count() {
        return answering.size() + waiting.size();
    }

    @Override
    public synchronized String toString() {
        return "answering " + answering + ", waiting " + waiting;
    }

    /** Admits no more, closes those that wait, gives the others so much time, and closes what is left then. */
    void stop(long graceNanos) throws InterruptedException {
        List<Channel> idle;
        synchronized (this) {
            stopping = true;
            idle = new ArrayList<>(waiting);
        }
        closeAll(idle);
        try {
            awaitAnswers(graceNanos);
        } finally {
            List<Channel> late;
            synchronized (this) {
                late = new ArrayList<>(answering);
            }
            closeAll(late);
        }
    }

    private static void closeAll(List<Channel> channels) {
        for (Channel channel : channels) {
            var _ = channel.close();
        }
    }

    private synchronized void awaitAnswers(long graceNanos) throws InterruptedException {
        long deadline = System.nanoTime() + graceNanos;
        long left = graceNanos;
        while (!answering.isEmpty() && left > 0) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
            left = deadline - System.nanoTime();
        }
    }
}
