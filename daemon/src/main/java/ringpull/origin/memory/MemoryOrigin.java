package ringpull.origin.memory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

/** An origin in memory, for tests: it can be cut off, hold or break off in the middle of a body, and count. Thread-safe. */
public final class MemoryOrigin implements Origin {
    private static final String ENDPOINT = "memory://origin";

    private final Map<Key, Content> contents = new ConcurrentHashMap<>();
    private final Map<Tag, Digest> tags = new ConcurrentHashMap<>();
    private final AtomicInteger opens = new AtomicInteger();
    private final AtomicLong bytesRead = new AtomicLong();
    private volatile boolean reachable = true;
    private volatile boolean authentic = true;
    private volatile long breakOffAfter = Long.MAX_VALUE;

    /** Guards what streams wait for. */
    private final Object holding = new Object();

    private long heldFrom = Long.MAX_VALUE;
    private int waiting;

    /** Adds content under its SHA-256. */
    public Digest put(Repository repository, ContentKind kind, String mediaType, byte[] bytes) {
        Digest digest = sha256(bytes);
        put(repository, kind, digest, mediaType, bytes);
        return digest;
    }

    /** Adds content under any digest, true or false. */
    public void put(Repository repository, ContentKind kind, Digest digest, String mediaType, byte[] bytes) {
        contents.put(new Key(repository, kind, digest), new Content(mediaType, bytes.clone()));
    }

    /** Lets a tag name a manifest that is there already. */
    public void tag(Repository repository, String tag, Digest manifest) {
        tags.put(new Tag(repository, tag), manifest);
    }

    /** While not, everything is {@link OriginException.Unreachable}; open streams break off. */
    public void reachable(boolean now) {
        reachable = now;
    }

    /** What streams opened from now on say of themselves. */
    public void authentic(boolean now) {
        authentic = now;
    }

    /** Streams opened from now on break off after this many bytes. */
    public void breakOffAfter(long bytes) {
        breakOffAfter = bytes;
    }

    /** Readers that come to this offset of any content wait there, until it is another. */
    public void holdFrom(long offset) {
        synchronized (holding) {
            heldFrom = offset;
            holding.notifyAll();
        }
    }

    /** Returns when a reader waits. */
    public void awaitReader() throws InterruptedException {
        synchronized (holding) {
            while (waiting == 0) {
                holding.wait();
            }
        }
    }

    /** Bytes from this offset on that may be read now; waits until there are some. */
    private long awaitFree(long offset) throws IOException {
        synchronized (holding) {
            while (offset >= heldFrom) {
                waiting++;
                holding.notifyAll();
                try {
                    holding.wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new ClosedByInterruptException();
                } finally {
                    waiting--;
                }
            }
            return heldFrom - offset;
        }
    }

    /** How often a stream was opened. */
    public int opens() {
        return opens.get();
    }

    /** Bytes that were read from all streams. */
    public long bytesRead() {
        return bytesRead.get();
    }

    @Override
    public TagAnswer resolve(Repository repository, String tag) throws OriginException {
        Digest digest = tags.get(new Tag(repository, tag));
        if (digest == null) {
            ensureReachable();
            throw new OriginException.NotFound(ENDPOINT + " has no " + repository + ":" + tag);
        }
        Content content = find(new Key(repository, ContentKind.MANIFEST, digest));
        return new TagAnswer(digest, content.mediaType, content.bytes.length);
    }

    @Override
    public OriginStream open(Repository repository, ContentKind kind, Digest digest, long offsetBytes)
            throws OriginException {
        Content content = find(new Key(repository, kind, digest));
        if (offsetBytes > content.bytes.length) {
            throw new OriginException.Malformed(ENDPOINT + " has fewer than " + offsetBytes + " bytes of " + digest);
        }
        opens.incrementAndGet();
        return new Stream(content, (int) offsetBytes, breakOffAfter, authentic);
    }

    @Override
    public OriginStream openRun(Repository repository, Digest digest, ByteRange run) throws OriginException {
        Content content = find(new Key(repository, ContentKind.BLOB, digest));
        if (run.offset() > content.bytes.length) {
            throw new OriginException.Malformed(ENDPOINT + " has fewer than " + run.offset() + " bytes of " + digest);
        }
        opens.incrementAndGet();
        Stream stream = new Stream(content, (int) run.offset(), breakOffAfter, authentic);
        stream.rest.limit((int) Math.min(content.bytes.length, run.end()));
        return stream;
    }

    private Content find(Key key) throws OriginException {
        ensureReachable();
        Content content = contents.get(key);
        if (content == null) {
            throw new OriginException.NotFound(ENDPOINT + " has no " + key.repository + "@" + key.digest);
        }
        return content;
    }

    private void ensureReachable() throws OriginException {
        if (!reachable) {
            throw new OriginException.Unreachable(ENDPOINT + " is cut off");
        }
    }

    @Override
    public void close() {}

    private static Digest sha256(byte[] bytes) {
        try {
            return Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private record Key(Repository repository, ContentKind kind, Digest digest) {}

    private record Tag(Repository repository, String tag) {}

    @SuppressWarnings("ArrayRecordComponent") // private, and never compared
    private record Content(String mediaType, byte[] bytes) {}

    private final class Stream implements OriginStream {
        private final Content content;
        private final boolean authentic;
        private final ByteBuffer rest;
        private long untilBreak;

        Stream(Content content, int offset, long untilBreak, boolean authentic) {
            this.content = content;
            this.authentic = authentic;
            this.untilBreak = untilBreak;
            this.rest = ByteBuffer.wrap(content.bytes).position(offset);
        }

        @Override
        public long sizeBytes() {
            return content.bytes.length;
        }

        @Override
        public String mediaType() {
            return content.mediaType;
        }

        @Override
        public boolean authentic() {
            return authentic;
        }

        @Override
        public String endpoint() {
            return ENDPOINT;
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            if (!rest.hasRemaining()) {
                return -1;
            }
            if (untilBreak == 0 || !reachable) {
                throw new IOException(ENDPOINT + " broke off at byte " + rest.position());
            }
            long free = Math.min(untilBreak, awaitFree(rest.position()));
            int length = (int) Math.min(Math.min(rest.remaining(), into.remaining()), free);
            into.put(rest.slice().limit(length));
            rest.position(rest.position() + length);
            untilBreak -= length;
            bytesRead.addAndGet(length);
            return length;
        }

        @Override
        public void close() {}
    }
}
