package ringpull.transport.nvmeof;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.ChunkSource;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;

/**
 * Reads blobs that holders show as disks: the kernels move the bytes, and the holder's daemon is not in their way. Only whole,
 * complete blobs can be read so. Requests go to the kernel several at a time, into buffers that the landing gets in order.
 */
public final class NvmeofTransport implements Transport {
    private static final Logger log = LoggerFactory.getLogger(NvmeofTransport.class);

    /** A lease and a disk cost some round trips and milliseconds: what is shorter than a run of a large blob goes without. */
    static final int WORTHWHILE_BYTES = 8 << 20;

    private final Leasing leasing;
    private final Targets targets;
    private final Times times;
    private final Buffers buffers = new Buffers();
    /** Not shut down: leases are given back after the end, and its threads end when they have nothing to do. */
    private final ExecutorService blocking = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("nvmeof-", 0).factory());

    private final ScheduledExecutorService sweeper = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("nvmeof-sweep").factory());
    private final Map<InetSocketAddress, HolderConnection> connections = new HashMap<>();
    private final List<HolderConnection> retired = new ArrayList<>();
    private final Map<InetSocketAddress, Long> avoided = new HashMap<>();
    private boolean closed;

    /**
     * How long things may take.
     *
     * @param open until the holder shows the blob and the disk is here
     * @param stall until a piece comes
     * @param avoid that a holder is not asked again which could not be read from
     * @param diskIdle that a blob stays open for its next read
     * @param idle that a connection stays
     */
    record Times(Duration open, Duration stall, Duration avoid, Duration diskIdle, Duration idle) {
        static final Times DEFAULT = new Times(
                Duration.ofSeconds(6),
                Duration.ofSeconds(4),
                Duration.ofSeconds(30),
                Duration.ofSeconds(5),
                Duration.ofSeconds(30));
    }

    public NvmeofTransport(Path helperSocket, Leasing leasing) {
        this(leasing, new HelperTargets(helperSocket), Times.DEFAULT);
    }

    NvmeofTransport(Leasing leasing, Targets targets, Times times) {
        this.leasing = leasing;
        this.targets = targets;
        this.times = times;
        long sweep = times.diskIdle().toNanos() / 2;
        var _ = sweeper.scheduleWithFixedDelay(this::sweep, sweep, sweep, TimeUnit.NANOSECONDS);
    }

    @Override
    public String name() {
        return "nvmeof";
    }

    /** Whether a read is worth it: of much, or of a disk that is open anyway, from a holder that offers it and did not fail. */
    public boolean fits(InetSocketAddress holder, Digest blob, ByteRange range) {
        synchronized (this) {
            if (closed || isAvoided(holder)) {
                return false;
            }
            HolderConnection known = connections.get(holder);
            if (known != null && known.has(blob)) {
                return true;
            }
            if (known != null && known.declines(blob)) {
                return false;
            }
        }
        return range.length() >= WORTHWHILE_BYTES && leasing.offers(holder);
    }

    @Override
    public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing)
            throws TransferException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        HolderConnection connection = null;
        try {
            while (true) {
                connection = connection(holder);
                Optional<CompletableFuture<OpenDisk>> opening = connection.disk(blob);
                OpenDisk disk = opening.isEmpty() ? null : RangeRead.await(opening.get(), times.open());
                if (disk != null && disk.enter()) {
                    read(connection, disk, blob, range, landing);
                    return;
                }
            }
        } catch (ChunkSource.Busy e) {
            throw new TransferException.Busy(holder + ": " + e.getMessage());
        } catch (ClosedByInterruptException e) {
            Thread.interrupted();
            throw new InterruptedException();
        } catch (IOException e) {
            avoid(holder, connection, e);
            throw new TransferException.Unreachable(holder + " (nvmeof): " + e.getMessage(), e);
        }
    }

    private void read(HolderConnection connection, OpenDisk disk, Digest blob, ByteRange range, Landing landing)
            throws TransferException, IOException, InterruptedException {
        boolean done = false;
        try {
            if (range.end() > disk.lease().sizeBytes()) {
                throw new TransferException.Unreachable("the holder has only "
                        + disk.lease().sizeBytes() + " bytes of " + blob + ", not " + range.end());
            }
            if (disk.wantsRenewal()) {
                connection.renew(blob, disk);
            }
            new RangeRead(buffers, connection.reads(), disk, range, landing, times.stall()).run();
            done = true;
        } catch (TransferException e) {
            done = true; // not the disk's failure
            throw e;
        } finally {
            if (!done && !Thread.currentThread().isInterrupted()) {
                disk.end();
            }
            disk.release();
        }
    }

    private synchronized HolderConnection connection(InetSocketAddress holder) throws TransferException {
        if (closed || isAvoided(holder)) {
            throw new TransferException.Unreachable(
                    holder + " (nvmeof): " + (closed ? "the transport was closed" : "it failed a moment ago"));
        }
        HolderConnection known = connections.get(holder);
        if (known != null && known.isOver()) {
            retired.add(known);
            connections.remove(holder);
            known = null;
        }
        if (known == null) {
            known = new HolderConnection(holder, leasing, targets, blocking);
            connections.put(holder, known);
        }
        return known;
    }

    private boolean isAvoided(InetSocketAddress holder) {
        Long until = avoided.get(holder);
        return until != null && System.nanoTime() - until < 0;
    }

    /** Other transports take over for a while. What else is read over the same connection fails by itself, or does not. */
    private void avoid(InetSocketAddress holder, @Nullable HolderConnection failed, IOException why) {
        synchronized (this) {
            if (closed) {
                return;
            }
            avoided.put(holder, System.nanoTime() + times.avoid().toNanos());
            if (failed != null && connections.remove(holder, failed)) {
                retired.add(failed);
            }
        }
        log.info(
                "{} is not read over NVMe-oF for {} s: {}",
                holder,
                times.avoid().toSeconds(),
                why.getMessage());
    }

    /** Whoever wrote to the disk may do so again; TCP takes over. */
    @Override
    public void spoilt(InetSocketAddress holder) {
        HolderConnection known;
        synchronized (this) {
            known = connections.get(holder);
        }
        if (known != null) {
            avoid(holder, known, new IOException("what was read there is not what the holder has"));
        }
    }

    private void sweep() {
        List<HolderConnection> all;
        synchronized (this) {
            avoided.values().removeIf(until -> System.nanoTime() - until >= 0);
            all = new ArrayList<>(connections.values());
            all.addAll(retired);
        }
        long diskIdle = times.diskIdle().toNanos();
        for (HolderConnection each : all) {
            boolean last;
            synchronized (this) {
                last = retired.contains(each);
            }
            if (each.sweep(diskIdle, last ? 0 : times.idle().toNanos())) {
                synchronized (this) {
                    connections.values().remove(each);
                    retired.remove(each);
                }
            }
        }
    }

    @Override
    public void close() {
        List<HolderConnection> all;
        synchronized (this) {
            closed = true;
            all = new ArrayList<>(connections.values());
            all.addAll(retired);
            connections.clear();
            retired.clear();
        }
        sweeper.shutdownNow();
        all.forEach(HolderConnection::end);
    }
}
