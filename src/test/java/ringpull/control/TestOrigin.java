package ringpull.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

/** A registry of one repository in memory; blobs can be held back, and it can be out of reach. */
public final class TestOrigin implements Origin {
    private final Map<String, Digest> tags = new ConcurrentHashMap<>();
    private final Map<Digest, byte[]> blobs = new ConcurrentHashMap<>();
    private final Map<Digest, CountDownLatch> gates = new ConcurrentHashMap<>();
    private final AtomicInteger opened = new AtomicInteger();
    private final Semaphore waiting = new Semaphore(0);
    private volatile boolean unreachable;

    public Digest put(byte[] bytes) {
        Digest digest = TestImages.digest(bytes);
        blobs.put(digest, bytes);
        return digest;
    }

    public void tag(String tag, Digest digest) {
        tags.put(tag, digest);
    }

    /** Denies having had this blob. */
    public void forget(Digest digest) {
        blobs.remove(digest);
    }

    /** Sends the first MiB of this blob, and the rest once the latch is counted down. */
    public CountDownLatch holdBack(Digest digest) {
        return gates.computeIfAbsent(digest, d -> new CountDownLatch(1));
    }

    /** Returns when so many readers have come to a byte that is held back. */
    public void awaitWaiting(int readers) throws InterruptedException {
        waiting.acquire(readers);
    }

    public void unreachable(boolean isUnreachable) {
        unreachable = isUnreachable;
    }

    /** How many streams were opened. */
    public int opened() {
        return opened.get();
    }

    @Override
    public TagAnswer resolve(Repository repository, String tag) throws OriginException {
        if (unreachable) {
            throw new OriginException.Unreachable("https://registry.example does not answer");
        }
        Digest digest = tags.get(tag);
        byte[] bytes = digest == null ? null : blobs.get(digest);
        if (digest == null || bytes == null) {
            throw new OriginException.NotFound("https://registry.example has no tag " + tag + " in " + repository);
        }
        return new TagAnswer(digest, "", bytes.length);
    }

    @Override
    public OriginStream open(Repository repository, ContentKind kind, Digest digest, long offsetBytes)
            throws OriginException {
        opened.incrementAndGet();
        byte[] bytes = blobs.get(digest);
        if (bytes == null) {
            throw new OriginException.NotFound("https://registry.example does not have " + digest);
        }
        return new Stream(bytes, (int) offsetBytes, gates.getOrDefault(digest, new CountDownLatch(0)));
    }

    @Override
    public void close() {}

    private final class Stream implements OriginStream {
        private final byte[] bytes;
        private final CountDownLatch gate;
        private int offset;

        Stream(byte[] bytes, int offset, CountDownLatch gate) {
            this.bytes = bytes;
            this.offset = offset;
            this.gate = gate;
        }

        @Override
        public long sizeBytes() {
            return bytes.length;
        }

        @Override
        public String mediaType() {
            return "application/octet-stream";
        }

        @Override
        public boolean authentic() {
            return true;
        }

        @Override
        public String endpoint() {
            return "https://registry.example";
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            if (offset == bytes.length) {
                return -1;
            }
            int free = gate.getCount() == 0 ? bytes.length : Math.min(bytes.length, 1 << 20);
            if (offset >= free) {
                waiting.release();
                try {
                    gate.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted", e);
                }
                free = bytes.length;
            }
            int length = Math.min(into.remaining(), free - offset);
            into.put(bytes, offset, length);
            offset += length;
            return length;
        }

        @Override
        public void close() {}
    }
}
