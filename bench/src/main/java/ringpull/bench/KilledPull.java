package ringpull.bench;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.fetch.BlobRequest;
import ringpull.fetch.Delivery;
import ringpull.fetch.Fetch;
import ringpull.fetch.Fetcher;
import ringpull.fetch.Journal;
import ringpull.fetch.Sources;
import ringpull.metrics.Meters;
import ringpull.origin.Origin;
import ringpull.origin.OriginStream;
import ringpull.ring.Holders;
import ringpull.ring.MemberId;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.rocksdb.RocksBlobStore;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;

/**
 * A pull from an origin, with the daemon's fetcher and store, in a process that is killed half-way; what the next life
 * finds. {@code main} is that process.
 */
final class KilledPull {
    private static final Config.Store ROOM = new Config.Store(new Config.Room.Share(1), new Config.Room.Bytes(0));
    private static final double ORIGIN_BYTES_PER_SECOND = 100e6;
    private static final int LINE_BYTES = 16 << 20;

    private KilledPull() {}

    /** Bytes that the next life has and hashes again, though this one had hashed them. */
    static long rehashed(Path blob, Digest digest, long bytes, Path state, long killAt)
            throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledPull.class.getName(),
                        blob.toString(),
                        digest.toString(),
                        state.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader progress = child.inputReader()) {
            for (String line = progress.readLine(); line != null; line = progress.readLine()) {
                if (Long.parseLong(line) >= killAt) {
                    child.toHandle().destroyForcibly();
                }
            }
        }
        if (child.waitFor() != 128 + 9) {
            throw new IOException("the pull ended before it was killed");
        }
        try (RocksBlobStore store = RocksBlobStore.open(state, ROOM, InstantSource.system());
                PartialBlob partial = store.receive(digest, bytes)) {
            if (partial.presentBytes() == 0) {
                throw new IOException("nothing was recorded before the kill");
            }
            BitSet hashed = partial.keptProof().map(kept -> kept.proof().held()).orElse(new BitSet());
            hashed.set(0, partial.rungs().count());
            return partial.presentBytes() - (long) hashed.cardinality() * Chunk.SIZE_BYTES;
        } catch (StoreFull e) {
            throw new IOException(e);
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path blob = Path.of(arguments[0]);
        Digest digest = Digest.parse(arguments[1]);
        RocksBlobStore store = RocksBlobStore.open(Path.of(arguments[2]), ROOM, InstantSource.system());
        Fetcher fetcher = new Fetcher(
                store,
                Sources.of(new Nobody(), new NoTransport(), new SlowOrigin(blob)),
                new Journal(InstantSource.system()),
                new Meters(new SimpleMeterRegistry()),
                System::nanoTime);
        Repository repository = new Repository("registry.test", "bench");
        if (fetcher.deliver(new BlobRequest(digest, ContentKind.BLOB, Optional.of(repository)))
                instanceof Delivery.Arriving(var fetch)) {
            long told = 0;
            while (fetch.state() == Fetch.State.RUNNING) {
                if (fetch.receivedBytes() - told >= LINE_BYTES) {
                    told = fetch.receivedBytes();
                    System.out.println(told);
                }
                Thread.sleep(2);
            }
        }
        System.exit(0);
    }

    /** The blob from a file, at a network's pace. */
    private record SlowOrigin(Path blob) implements Origin {
        @Override
        public TagAnswer resolve(Repository repository, String tag) {
            throw new UnsupportedOperationException();
        }

        @Override
        public OriginStream open(Repository repository, ContentKind kind, Digest digest, long offsetBytes) {
            try {
                return new SlowStream(FileChannel.open(blob).position(offsetBytes), Files.size(blob));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public OriginStream openRun(Repository repository, Digest digest, ByteRange run) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }

    private record SlowStream(FileChannel channel, long sizeBytes, long startNanos, long startBytes)
            implements OriginStream {
        SlowStream(FileChannel channel, long sizeBytes) throws IOException {
            this(channel, sizeBytes, System.nanoTime(), channel.position());
        }

        @Override
        public String mediaType() {
            return "";
        }

        @Override
        public boolean authentic() {
            return true;
        }

        @Override
        public String endpoint() {
            return "bench";
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            double due = (channel.position() - startBytes) / ORIGIN_BYTES_PER_SECOND;
            long wait = (long) (due * 1e9) - (System.nanoTime() - startNanos);
            try {
                TimeUnit.NANOSECONDS.sleep(Math.max(0, wait));
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            return channel.read(into);
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static final class Nobody implements Holders {
        @Override
        public List<Holder> holders(Digest digest) {
            return List.of();
        }

        @Override
        public void disown(MemberId member, Digest digest) {}
    }

    private static final class NoTransport implements Transport {
        @Override
        public String name() {
            return "none";
        }

        @Override
        public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing)
                throws TransferException {
            throw new TransferException.Unreachable("there is nobody");
        }

        @Override
        public void close() {}
    }
}
