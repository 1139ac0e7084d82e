package ringpull.transport.nvmeof;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.helper.Request;
import ringpull.transport.ChunkSource;
import ringpull.transport.TransferException;
import ringpull.transport.session.Session;

/**
 * One holder's kernel, to which this node connects when it is first read from: one connection, and the disks on it, each
 * opened once, however many read them. For any thread.
 */
final class HolderConnection {
    /** So long a holder is not asked again for a blob that it does not hold whole, or has no room to show. */
    private static final long DECLINED_NANOS = TimeUnit.SECONDS.toNanos(3);

    private final InetSocketAddress holder;
    private final Leasing leasing;
    private final Targets targets;
    private final Executor blocking;
    private final DirectReads reads;
    private final Map<Digest, CompletableFuture<OpenDisk>> disks = new HashMap<>();
    private final Map<Digest, Long> declined = new HashMap<>();
    private final long created = System.nanoTime();
    private final Object admitting = new Object();
    private final Object connecting = new Object();
    private @Nullable Session session;
    private @Nullable Connection connection;
    private boolean ended;
    private long lastUse = System.nanoTime();

    /** @param until when the session is no longer used, a little before the holder ends it */
    private record Connection(Session session, Targets.Target target, long until) {}

    /** @param blocking runs what blocks in native calls */
    HolderConnection(InetSocketAddress holder, Leasing leasing, Targets targets, Executor blocking) {
        this.holder = holder;
        this.leasing = leasing;
        this.targets = targets;
        this.blocking = blocking;
        this.reads = new DirectReads(holder.getHostString());
    }

    DirectReads reads() {
        return reads;
    }

    /** The blob's disk, opened by whoever asks first; empty if this connection has ended. */
    synchronized Optional<CompletableFuture<OpenDisk>> disk(Digest blob) {
        if (ended) {
            return Optional.empty();
        }
        lastUse = System.nanoTime();
        CompletableFuture<OpenDisk> known = disks.get(blob);
        if (known != null && !isOver(known)) {
            return Optional.of(known);
        }
        CompletableFuture<OpenDisk> opening = new CompletableFuture<>();
        disks.put(blob, opening);
        blocking.execute(() -> {
            try {
                opening.complete(open(blob));
            } catch (TransferException.NotHeld | ChunkSource.Busy e) {
                synchronized (this) {
                    declined.put(blob, System.nanoTime() + DECLINED_NANOS);
                }
                opening.completeExceptionally(e);
            } catch (TransferException | IOException | RuntimeException e) {
                opening.completeExceptionally(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                opening.completeExceptionally(new IOException("the transport was closed", e));
            }
        });
        return Optional.of(opening);
    }

    /** Whether the blob's disk is open, or about to be. */
    synchronized boolean has(Digest blob) {
        CompletableFuture<OpenDisk> known = disks.get(blob);
        return known != null && !isOver(known);
    }

    /** Whether it does not show the blob, as it said a moment ago. */
    synchronized boolean declines(Digest blob) {
        Long until = declined.get(blob);
        return until != null && System.nanoTime() - until < 0;
    }

    private static boolean isOver(CompletableFuture<OpenDisk> one) {
        return one.isDone() && (one.isCompletedExceptionally() || one.join().isEnded());
    }

    private OpenDisk open(Digest blob) throws TransferException, IOException, InterruptedException {
        Session admitted = admitted();
        Lease lease = leasing.lease(holder, admitted, blob)
                .orElseThrow(() -> new TransferException.NotHeld(holder + " does not hold " + blob + " whole"));
        Runnable release = () -> blocking.execute(() -> leasing.release(holder, admitted, lease.namespace()));
        try {
            Targets.Disk disk = connected(admitted, lease).target.open(lease.namespace());
            OpenDisk opened = new OpenDisk(lease, disk, release);
            synchronized (this) {
                if (ended) {
                    opened.end();
                }
            }
            return opened;
        } catch (IOException | RuntimeException e) {
            release.run();
            throw e;
        }
    }

    /** One session for all blobs, also for those that are opened at once: the holder's kernel knows a connection by it. */
    private Session admitted() throws IOException, InterruptedException {
        synchronized (admitting) {
            Session known = session;
            if (known == null) {
                known = leasing.admit(holder);
                session = known;
            }
            return known;
        }
    }

    /** The target lets a reader in when it shows the first blob, so the lease comes before the connection. */
    private Connection connected(Session admitted, Lease lease) throws IOException {
        synchronized (connecting) {
            synchronized (this) {
                if (connection != null) {
                    return connection;
                }
            }
            Request.Session name = new Request.Session(admitted.id());
            Targets.Target target = targets.connect(lease.endpoint(), name, DerivedKey.of(admitted.secret()));
            synchronized (this) {
                long lifetime = admitted.lifetime().toNanos();
                Connection made = new Connection(admitted, target, created + lifetime - lifetime / 8);
                connection = made;
                if (ended) {
                    target.close();
                }
                return made;
            }
        }
    }

    /** Tells the holder that a blob is still read. */
    void renew(Digest blob, OpenDisk disk) {
        Connection current;
        synchronized (this) {
            current = connection;
        }
        if (current == null) {
            return;
        }
        blocking.execute(() -> {
            try {
                if (leasing.lease(holder, current.session, blob)
                        .filter(lease -> lease.namespace().equals(disk.lease().namespace()))
                        .isEmpty()) {
                    disk.end();
                }
            } catch (IOException e) {
                disk.end();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** Whether a new one should take its place: its session ends soon. */
    synchronized boolean isOver() {
        return ended || (connection != null && System.nanoTime() - connection.until >= 0);
    }

    /**
     * Closes disks that nobody reads, and ends the connection when there is none left for long.
     *
     * @return whether it has ended
     */
    boolean sweep(long diskIdleNanos, long idleNanos) {
        long now = System.nanoTime();
        List<CompletableFuture<OpenDisk>> idle;
        synchronized (this) {
            idle = new ArrayList<>();
            disks.values().removeIf(one -> {
                boolean unused = isOver(one) || (one.isDone() && one.join().isIdleSince(now - diskIdleNanos));
                if (unused) {
                    idle.add(one);
                }
                return unused;
            });
            declined.values().removeIf(until -> now - until >= 0);
        }
        idle.stream()
                .filter(one -> !one.isCompletedExceptionally())
                .forEach(one -> one.join().end());
        synchronized (this) {
            if (!ended && (!disks.isEmpty() || now - lastUse < idleNanos)) {
                return false;
            }
        }
        end();
        return true;
    }

    /** Disconnects; reads that run fail. */
    void end() {
        List<CompletableFuture<OpenDisk>> all;
        Connection current;
        synchronized (this) {
            ended = true;
            all = List.copyOf(disks.values());
            disks.clear();
            current = connection;
        }
        if (current != null) {
            current.target.close();
        }
        for (CompletableFuture<OpenDisk> one : all) {
            var _ = one.thenAccept(OpenDisk::end);
        }
        reads.close();
    }

    @Override
    public String toString() {
        return holder + " over NVMe-oF, for " + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - created) + " s";
    }
}
