package ringpull.transport.tcp;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringpull.transport.TransferException;

/**
 * Connections that wait for their next exchange, and how many there may be. A caller that would exceed a limit waits.
 * Safe for many threads.
 */
final class ConnectionPool {
    /** To one holder: enough for the requests of two or three blobs at once. */
    static final int PER_HOLDER_MAX = 8;

    static final int TOTAL_MAX = 256;

    private final Connector connector;
    private final int perHolderMax;
    private final int totalMax;
    private final Map<InetSocketAddress, Integer> openTo = new HashMap<>();
    private final Map<Connection, Long> idleSince = new LinkedHashMap<>();
    private final Set<Connection> busy = new HashSet<>();
    private int total;
    private boolean closed;

    /** Makes a new connection, ready for an exchange. */
    @FunctionalInterface
    interface Connector {
        Connection connect(InetSocketAddress holder) throws TransferException, InterruptedException;
    }

    /** @param connection fresh or one that was used before, and may have been closed by the holder meanwhile */
    record Lease(Connection connection, boolean fresh) {}

    ConnectionPool(Connector connector, int perHolderMax, int totalMax) {
        this.connector = connector;
        this.perHolderMax = perHolderMax;
        this.totalMax = totalMax;
    }

    /** A connection for one exchange, the most recently used one if any waits. */
    Lease take(InetSocketAddress holder) throws TransferException, InterruptedException {
        Connection idle = idleOrRoom(holder);
        return idle != null ? new Lease(idle, false) : new Lease(connect(holder), true);
    }

    /** A new connection, after the ones that wait turned out to be dead. */
    Lease takeFresh(InetSocketAddress holder) throws TransferException, InterruptedException {
        closeIdle(holder);
        return take(holder);
    }

    private synchronized @Nullable Connection idleOrRoom(InetSocketAddress holder)
            throws TransferException, InterruptedException {
        while (true) {
            if (closed) {
                throw new TransferException.Unreachable("the transport was closed");
            }
            Connection idle = takeIdle(holder);
            if (idle != null) {
                return idle;
            }
            if (openTo.getOrDefault(holder, 0) < perHolderMax && (total < totalMax || evictOldest())) {
                total++;
                openTo.merge(holder, 1, Integer::sum);
                return null;
            }
            wait();
        }
    }

    private @Nullable Connection takeIdle(InetSocketAddress holder) {
        Connection newest = null;
        for (Connection idle : List.copyOf(idleSince.keySet())) {
            if (!idle.isReusable()) {
                idleSince.remove(idle);
                drop(idle);
            } else if (idle.holder().equals(holder)) {
                newest = idle;
            }
        }
        if (newest != null) {
            idleSince.remove(newest);
            busy.add(newest);
        }
        return newest;
    }

    private boolean evictOldest() {
        if (idleSince.isEmpty()) {
            return false;
        }
        Connection oldest = idleSince.keySet().iterator().next();
        idleSince.remove(oldest);
        drop(oldest);
        return true;
    }

    private Connection connect(InetSocketAddress holder) throws TransferException, InterruptedException {
        Connection connection = null;
        try {
            connection = connector.connect(holder);
        } finally {
            synchronized (this) {
                if (connection == null) {
                    leave(holder);
                } else if (closed) {
                    drop(connection);
                } else {
                    busy.add(connection);
                }
            }
        }
        return connection;
    }

    /** The exchange is over: keeps the connection if it can be used again. */
    synchronized void giveBack(Connection connection, long nowNanos) {
        busy.remove(connection);
        if (connection.isReusable() && !closed) {
            idleSince.put(connection, nowNanos);
            notifyAll();
        } else {
            drop(connection);
        }
    }

    /** Closes those that have waited since this time or longer. */
    synchronized void closeIdleSince(long nanos) {
        idleSince.entrySet().removeIf(entry -> {
            boolean old = entry.getValue() - nanos <= 0 || !entry.getKey().isReusable();
            if (old) {
                drop(entry.getKey());
            }
            return old;
        });
    }

    private synchronized void closeIdle(InetSocketAddress holder) {
        idleSince.keySet().removeIf(idle -> {
            boolean its = idle.holder().equals(holder);
            if (its) {
                drop(idle);
            }
            return its;
        });
    }

    private synchronized void drop(Connection connection) {
        connection.close();
        leave(connection.holder());
    }

    private synchronized void leave(InetSocketAddress holder) {
        total--;
        openTo.computeIfPresent(holder, (h, open) -> open == 1 ? null : open - 1);
        notifyAll();
    }

    synchronized int open() {
        return total;
    }

    synchronized int idle() {
        return idleSince.size();
    }

    /** Closes every connection; the exchanges on them fail. */
    void close() {
        List<Connection> all;
        synchronized (this) {
            closed = true;
            all = new ArrayList<>(idleSince.keySet());
            idleSince.clear();
            all.forEach(this::drop);
            all = new ArrayList<>(busy);
            notifyAll();
        }
        all.forEach(Connection::close);
    }
}
