package ringpull.control;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.fetch.Fetcher;
import ringpull.fetch.Images;
import ringpull.fetch.Journal;
import ringpull.fetch.OriginTags;
import ringpull.metrics.Meters;
import ringpull.ring.Member;
import ringpull.scrub.Verifier;
import ringpull.store.TagRecords;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;

/** A daemon as the command line sees it: the real fetcher, images and control service over pieces of a test's own. */
public final class TestDaemon implements AutoCloseable {
    public final TestRing ring = new TestRing();
    public final TestOrigin origin = new TestOrigin();
    public final TestStore store;
    public final Journal journal = new Journal(InstantSource.system());
    public final Path socket;
    public volatile DaemonStatus status = new DaemonStatus(
            "1.2.3",
            Instant.parse("2026-01-02T03:04:05Z"),
            List.of(new DaemonStatus.Port("mirror", "127.0.0.1:7745")),
            Optional.of(Duration.ofSeconds(4)),
            "java",
            List.of());

    private final Neighbours neighbours = new Neighbours();
    private final OriginTags tags;
    private final Fetcher fetcher;
    private final Verifier verifier;
    private final ControlServer server;

    public TestDaemon(Path directory) throws IOException {
        this(directory, true);
    }

    TestDaemon(Path directory, boolean epoll) throws IOException {
        store = new TestStore(Files.createDirectories(directory.resolve("blobs")));
        socket = directory.resolve("run").resolve("control.sock");
        tags = new OriginTags(origin, new Tags(), Duration.ofHours(1), InstantSource.system());
        fetcher = new Fetcher(
                store, ring, neighbours, origin, journal, new Meters(new SimpleMeterRegistry()), System::nanoTime);
        Images images = new Images(tags, fetcher, journal, System::nanoTime);
        verifier = new Verifier(store, fetcher, journal, new Meters(new SimpleMeterRegistry()));
        server = ControlServer.bind(
                socket, new ControlServer.Sources(ring, ring, store, journal, images, verifier, () -> status), epoll);
    }

    /** A neighbour holds these bytes, says so, and hands them out. */
    public Digest giveTo(Member neighbour, byte[] bytes) {
        Digest digest = TestImages.digest(bytes);
        neighbours.blobs.put(digest, bytes);
        ring.hold(neighbour, digest, bytes.length);
        return digest;
    }

    @Override
    public void close() {
        server.close();
        verifier.close();
        fetcher.close();
        tags.close();
    }

    private static final class Tags implements TagRecords {
        private final Map<ImageName, TagRecord> records = new ConcurrentHashMap<>();

        @Override
        public void record(ImageName tag, TagRecord answer) {
            records.put(tag, answer);
        }

        @Override
        public Optional<TagRecord> find(ImageName tag) {
            return Optional.ofNullable(records.get(tag));
        }
    }

    /** All neighbours at once, whatever their address. */
    private static final class Neighbours implements Transport {
        private final Map<Digest, byte[]> blobs = new ConcurrentHashMap<>();

        @Override
        public String name() {
            return "memory";
        }

        @Override
        public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing)
                throws TransferException {
            byte[] bytes = blobs.get(blob);
            if (bytes == null) {
                throw new TransferException.NotHeld("nobody has " + blob);
            }
            try {
                landing.write(range.offset(), ByteBuffer.wrap(bytes, (int) range.offset(), (int) range.length()));
            } catch (IOException e) {
                throw new TransferException.LandingFailed("cannot write", e);
            }
        }

        @Override
        public void close() {}
    }
}
