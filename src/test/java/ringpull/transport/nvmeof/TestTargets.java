package ringpull.transport.nvmeof;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.helper.Endpoint;
import ringpull.helper.Request;
import ringpull.transport.ChunkSource;
import ringpull.transport.session.Session;

/** Holders without a kernel between: leases of real copies, read from the files in memory that a kernel would show. */
final class TestTargets implements Leasing, Targets, AutoCloseable {
    static final InetSocketAddress HOLDER = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

    private static final Endpoint ENDPOINT =
            new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420);
    private static final Duration LEASE = Duration.ofSeconds(60);

    private final ChunkSource source;
    private final Copies copies;
    private final Map<UUID, Copies.Copy> shown = new HashMap<>();
    private long failFrom = Long.MAX_VALUE;
    private long holdFrom = Long.MAX_VALUE;
    private int leasesFirst;
    private int connections;
    private int connects;
    private int leases;

    TestTargets(ChunkSource source, Path directory) throws IOException {
        this.source = source;
        this.copies = new Copies(directory, 1L << 30);
    }

    /** Reads of disks fail from this byte of the blob on. */
    synchronized void failFrom(long offset) {
        failFrom = offset + Layout.LEAD_BYTES;
    }

    /** Reads of disks wait from this byte of the blob on, until their connection ends. */
    synchronized void holdFrom(long offset) {
        holdFrom = offset + Layout.LEAD_BYTES;
    }

    /** Nobody is connected before so many blobs were leased. */
    synchronized void connectAfter(int blobs) {
        leasesFirst = blobs;
    }

    synchronized void heal() {
        failFrom = Long.MAX_VALUE;
        holdFrom = Long.MAX_VALUE;
        notifyAll();
    }

    @Override
    public boolean offers(InetSocketAddress holder) {
        return holder.equals(HOLDER);
    }

    @Override
    public Session admit(InetSocketAddress holder) throws IOException {
        if (!offers(holder)) {
            throw new IOException("nobody answers");
        }
        byte[] id = new byte[16];
        new Random().nextBytes(id);
        return Session.of(id, new byte[32], Duration.ofMinutes(15));
    }

    @Override
    public synchronized Optional<Lease> lease(InetSocketAddress holder, Session session, Digest digest)
            throws IOException {
        Optional<BlobFile> found = source.open(digest);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        try (BlobFile blob = found.get()) {
            UUID name = UUID.randomUUID();
            shown.put(name, copies.of(blob));
            leases++;
            notifyAll();
            return Optional.of(new Lease(ENDPOINT, name, Layout.LEAD_BYTES, blob.sizeBytes(), LEASE));
        }
    }

    @Override
    public synchronized void release(InetSocketAddress holder, Session session, UUID namespace) {
        Copies.Copy copy = shown.remove(namespace);
        if (copy != null) {
            copy.close();
        }
    }

    @Override
    public synchronized Target connect(Endpoint endpoint, Request.Session session, Request.Key key) throws IOException {
        try {
            while (leases < leasesFirst) {
                wait();
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        connections++;
        connects++;
        return new Connected();
    }

    private final class Connected implements Target {
        private boolean gone;

        @Override
        public Disk open(UUID namespace) throws IOException {
            synchronized (TestTargets.this) {
                Copies.Copy copy = shown.get(namespace);
                if (copy == null) {
                    throw new IOException("not shown");
                }
                return new OneDisk(this, copy);
            }
        }

        @Override
        public void close() {
            synchronized (TestTargets.this) {
                if (!gone) {
                    gone = true;
                    connections--;
                    TestTargets.this.notifyAll();
                }
            }
        }
    }

    private final class OneDisk implements Disk {
        private final Connected target;
        private final Copies.Copy copy;

        OneDisk(Connected target, Copies.Copy copy) {
            this.target = target;
            this.copy = copy;
        }

        @Override
        public int read(ByteBuffer direct, long offset) throws IOException {
            synchronized (TestTargets.this) {
                try {
                    while (offset >= holdFrom && !target.gone) {
                        TestTargets.this.wait();
                    }
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                if (target.gone || offset >= failFrom) {
                    throw new IOException("Input/output error");
                }
            }
            return copy.file().read(direct, offset);
        }

        @Override
        public void close() {}
    }

    synchronized int connections() {
        return connections;
    }

    synchronized int connects() {
        return connects;
    }

    synchronized int leases() {
        return leases;
    }

    synchronized int shown() {
        return shown.size();
    }

    @Override
    public void close() {
        copies.close();
    }
}
