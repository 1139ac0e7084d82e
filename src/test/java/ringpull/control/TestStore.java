package ringpull.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.ProvenBlob;
import ringpull.blob.Rungs;
import ringpull.store.BlobStore;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.StoredBlob;

/** A store as plain files in a directory: no index, no quota but a figure, nothing survives it. */
public final class TestStore implements BlobStore {
    private static final long QUOTA_BYTES = 10L << 30;

    private final Path directory;
    private final Map<Digest, StoredBlob> complete = new ConcurrentHashMap<>();
    private final Map<Digest, Ladder> ladders = new ConcurrentHashMap<>();
    private final Map<Digest, Partial> arriving = new ConcurrentHashMap<>();
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();
    private volatile boolean full;

    public TestStore(Path directory) {
        this.directory = directory;
    }

    /** Holds these bytes from now on. */
    public Digest put(byte[] bytes) throws IOException {
        Digest digest = TestImages.digest(bytes);
        Files.write(file(digest), bytes);
        complete.put(digest, new StoredBlob(digest, bytes.length, "", Set.of(), Instant.EPOCH));
        return digest;
    }

    /** Whether there is no room from now on. */
    public void full(boolean isFull) {
        full = isFull;
    }

    private Path file(Digest digest) {
        return directory.resolve(digest.hex());
    }

    @Override
    public Optional<StoredBlob> find(Digest digest) {
        return Optional.ofNullable(complete.get(digest));
    }

    @Override
    public Optional<BlobFile> open(Digest digest) throws IOException {
        StoredBlob blob = complete.get(digest);
        return blob == null
                ? Optional.empty()
                : Optional.of(new BlobFile(digest, blob.sizeBytes(), FileChannel.open(file(digest))));
    }

    @Override
    public Optional<Ladder> ladder(Digest digest) {
        return Optional.ofNullable(ladders.get(digest));
    }

    @Override
    public Optional<byte[]> ladderPage(Digest digest, int page) {
        return ladder(digest).map(ladder -> ladder.page(page));
    }

    @Override
    public void keepLadder(ProvenBlob proof) {
        ladders.put(proof.digest(), proof.ladder());
    }

    @Override
    public Optional<BlobFile> inspect(Digest digest) throws IOException {
        return open(digest);
    }

    @Override
    public boolean demote(Digest digest, BitSet damaged) throws IOException {
        return remove(digest);
    }

    @Override
    public List<StoredBlob> list() {
        return List.copyOf(complete.values());
    }

    @Override
    public List<PartialInfo> partials() {
        return arriving.values().stream()
                .map(p -> new PartialInfo(p.digest, p.sizeBytes, p.presentBytes()))
                .toList();
    }

    @Override
    public PartialBlob receive(Digest digest, long sizeBytes) throws StoreFull, IOException {
        if (full) {
            throw new StoreFull("no room for " + sizeBytes + " bytes");
        }
        Partial partial = new Partial(digest, sizeBytes);
        if (complete.containsKey(digest) || arriving.putIfAbsent(digest, partial) != null) {
            throw new IllegalStateException(digest + " is here or on its way");
        }
        return partial;
    }

    @Override
    public void noteSource(Digest digest, String repository) {}

    @Override
    public boolean remove(Digest digest) throws IOException {
        return complete.remove(digest) != null;
    }

    @Override
    public void listen(Listener listener) {
        listeners.add(listener);
    }

    @Override
    public Usage usage() {
        long used = list().stream().mapToLong(StoredBlob::sizeBytes).sum();
        return new Usage(used, 0, QUOTA_BYTES);
    }

    @Override
    public void close() {}

    private final class Partial implements PartialBlob {
        private final Digest digest;
        private final long sizeBytes;
        private final FileChannel channel;
        private final BitSet present = new BitSet();

        Partial(Digest digest, long sizeBytes) throws IOException {
            this.digest = digest;
            this.sizeBytes = sizeBytes;
            this.channel = FileChannel.open(
                    file(digest), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        }

        @Override
        public Rungs rungs() {
            return new Rungs();
        }

        @Override
        public Digest digest() {
            return digest;
        }

        @Override
        public long sizeBytes() {
            return sizeBytes;
        }

        @Override
        public void write(long offset, ByteBuffer bytes) throws IOException {
            long at = offset;
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
        }

        @Override
        public synchronized void received(ByteRange range) {
            for (int chunk = 0; chunk < Chunk.count(sizeBytes); chunk++) {
                ByteRange bytes = Chunk.range(chunk, sizeBytes);
                if (bytes.offset() >= range.offset() && bytes.end() <= range.end()) {
                    present.set(chunk);
                }
            }
        }

        @Override
        public synchronized boolean has(int chunk) {
            return present.get(chunk);
        }

        @Override
        public synchronized long presentPrefixBytes() {
            return Math.min(sizeBytes, (long) present.nextClearBit(0) * Chunk.SIZE_BYTES);
        }

        @Override
        public synchronized long presentBytes() {
            return present.stream()
                    .mapToLong(chunk -> Chunk.range(chunk, sizeBytes).length())
                    .sum();
        }

        @Override
        public BlobFile open() throws IOException {
            return new BlobFile(digest, sizeBytes, FileChannel.open(file(digest)));
        }

        @Override
        public StoredBlob complete(ProvenBlob proof, String mediaType, String source) throws IOException {
            StoredBlob blob = new StoredBlob(digest, sizeBytes, mediaType, Set.of(), Instant.EPOCH);
            complete.put(digest, blob);
            close();
            listeners.forEach(listener -> listener.added(blob));
            return blob;
        }

        @Override
        public synchronized void reset() {
            present.clear();
        }

        @Override
        public void discard() throws IOException {
            close();
        }

        @Override
        public void close() throws IOException {
            arriving.remove(digest);
            channel.close();
        }
    }
}
