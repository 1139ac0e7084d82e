package ringpull.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;

/** Blobs of pseudo-random bytes as files under their digest, and every file that was opened of them. */
public final class TestBlobs implements ChunkSource {
    private final Path folder;
    private final Queue<FileChannel> opened = new ConcurrentLinkedQueue<>();

    public TestBlobs(Path folder) {
        this.folder = folder;
    }

    /** Writes a blob of this size and returns its bytes. */
    public byte[] add(int size, long seed) throws IOException {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        Files.write(file(digest(bytes)), bytes);
        return bytes;
    }

    /** Writes these bytes as a blob. */
    public Digest add(byte[] bytes) throws IOException {
        Files.write(file(digest(bytes)), bytes);
        return digest(bytes);
    }

    public void remove(Digest digest) throws IOException {
        Files.delete(file(digest));
    }

    public static Digest digest(byte[] bytes) {
        try {
            return Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path file(Digest digest) {
        return folder.resolve(digest.hex());
    }

    @Override
    public Optional<BlobFile> open(Digest digest) throws IOException {
        if (!Files.exists(file(digest))) {
            return Optional.empty();
        }
        FileChannel channel = FileChannel.open(file(digest));
        opened.add(channel);
        return Optional.of(new BlobFile(digest, channel.size(), channel));
    }

    /** Those of the files opened so far that nobody has closed yet. */
    public List<FileChannel> stillOpen() {
        return opened.stream().filter(FileChannel::isOpen).toList();
    }

    /** How many were opened so far. */
    public int opened() {
        return opened.size();
    }

    /** A landing in memory that insists on order: each write begins where the last one ended. */
    public static final class Landed implements Landing {
        private final ByteBuffer bytes;
        private final long start;

        public Landed(long start, int length) {
            this.bytes = ByteBuffer.allocate(length);
            this.start = start;
        }

        @Override
        public synchronized void write(long offset, ByteBuffer piece) throws IOException {
            if (offset != start + bytes.position() || piece.remaining() > bytes.remaining()) {
                throw new IOException("a write of " + piece.remaining() + " bytes at " + offset + ", but "
                        + bytes.remaining() + " are left from " + (start + bytes.position()));
            }
            bytes.put(piece);
        }

        public synchronized int count() {
            return bytes.position();
        }

        /** What has come so far. */
        public synchronized byte[] bytes() {
            byte[] copy = new byte[bytes.position()];
            bytes.get(0, copy);
            return copy;
        }
    }
}
