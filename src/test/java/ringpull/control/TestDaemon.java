package ringpull.control;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.fetch.Fetcher;
import ringpull.fetch.Images;
import ringpull.fetch.Journal;
import ringpull.fetch.OriginTags;
import ringpull.fetch.Sources;
import ringpull.metrics.Meters;
import ringpull.origin.memory.MemoryOrigin;
import ringpull.ring.Member;
import ringpull.scrub.Verifier;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.memory.MemoryBlobStore;
import ringpull.transport.memory.MemoryTransport;

/** A daemon as the command line sees it: the real fetcher, images and control service over the in-memory adapters. */
public final class TestDaemon implements AutoCloseable {
    public static final Repository REPOSITORY = new Repository("registry.example", "team/image");
    public static final long QUOTA_BYTES = 64 << 20;

    public final TestRing ring = new TestRing();
    public final MemoryOrigin origin = new MemoryOrigin();
    public final MemoryBlobStore store;
    public final Journal journal = new Journal(InstantSource.system());
    public final Path socket;
    public volatile DaemonStatus status = new DaemonStatus(
            "1.2.3",
            Instant.parse("2026-01-02T03:04:05Z"),
            List.of(new DaemonStatus.Port("mirror", "127.0.0.1:7745")),
            Optional.of(Duration.ofSeconds(4)),
            "java",
            List.of());

    private final MemoryBlobStore neighbours = MemoryBlobStore.create();
    private final MemoryTransport transport = new MemoryTransport();
    private final OriginTags tags;
    private final Fetcher fetcher;
    private final Verifier verifier;
    private final ControlServer server;

    public TestDaemon(Path directory) throws IOException {
        this(directory, true);
    }

    TestDaemon(Path directory, boolean epoll) throws IOException {
        Config.Store room = new Config.Store(new Config.Room.Bytes(QUOTA_BYTES), new Config.Room.Bytes(0));
        store = MemoryBlobStore.create(room, InstantSource.system());
        socket = directory.resolve("run").resolve("control.sock");
        tags = new OriginTags(origin, store.tags(), Duration.ofHours(1), InstantSource.system());
        fetcher = new Fetcher(
                store,
                Sources.of(ring, transport, origin),
                journal,
                new Meters(new SimpleMeterRegistry()),
                System::nanoTime);
        Images images = new Images(tags, fetcher, journal, System::nanoTime);
        verifier = new Verifier(store, fetcher, journal, new Meters(new SimpleMeterRegistry()));
        boolean bound = false;
        try {
            server = ControlServer.bind(
                    socket,
                    new ControlServer.Sources(ring, ring, ring, store, journal, images, verifier, () -> status),
                    epoll);
            bound = true;
        } finally {
            if (!bound) {
                closeParts();
            }
        }
    }

    /** The registry has these bytes, whatever they are asked for as. */
    public Digest publish(byte[] bytes) {
        origin.put(REPOSITORY, ContentKind.MANIFEST, "application/octet-stream", bytes);
        return origin.put(REPOSITORY, ContentKind.BLOB, "application/octet-stream", bytes);
    }

    /** The registry has these bytes, under a tag, too. */
    public Digest publish(String tag, byte[] manifest) {
        Digest digest = publish(manifest);
        origin.tag(REPOSITORY, tag, digest);
        return digest;
    }

    /** This node has these bytes. */
    public Digest hold(byte[] bytes) throws IOException {
        return put(store, bytes);
    }

    /** A neighbour holds these bytes, says so, and hands them out. */
    public Digest giveTo(Member neighbour, byte[] bytes) throws IOException {
        Digest digest = put(neighbours, bytes);
        transport.serve(
                new InetSocketAddress(neighbour.addresses().getFirst(), neighbour.dataPort()), neighbours::open);
        ring.hold(neighbour, digest, bytes.length);
        return digest;
    }

    private static Digest put(MemoryBlobStore store, byte[] bytes) throws IOException {
        Digest digest = TestImages.digest(bytes);
        Proof proof = new Proof(digest);
        proof.update(ByteBuffer.wrap(bytes));
        try (PartialBlob partial = store.receive(digest, bytes.length)) {
            partial.write(0, ByteBuffer.wrap(bytes));
            partial.received(new ByteRange(0, bytes.length));
            partial.complete(proof.finish(), "", "");
        } catch (StoreFull | ProofFailed e) {
            throw new AssertionError(e);
        }
        return digest;
    }

    @Override
    public void close() {
        server.close();
        closeParts();
    }

    private void closeParts() {
        verifier.close();
        fetcher.close();
        tags.close();
        store.close();
        neighbours.close();
    }
}
