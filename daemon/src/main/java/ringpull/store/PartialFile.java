package ringpull.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.BitSet;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.ProvenBlob;
import ringpull.blob.Rungs;

/**
 * A partial blob's file. Its chunks reach the index only at a <em>barrier</em>, after their bytes were synced: what is
 * recorded is true after a kill and after a power loss alike, and needs no second look.
 */
final class PartialFile implements PartialBlob {
    private static final Logger log = LoggerFactory.getLogger(PartialFile.class);

    /** From this size on the sync begins once all is here, not once it is proven: the hash is seldom done then. */
    private static final long LAST_BARRIER_BYTES_MIN = 16L << 20;

    private enum State {
        IDLE,
        OPEN,
        ENDING
    }

    private final Digest digest;
    private final long sizeBytes;
    private final Path path;
    private final ChunkSet chunks;
    private final Front front;
    private final PartialOwner owner;
    private final DiskThreads disk;
    private final Index index;

    /** Held while bytes are synced and recorded, so that records are written in the order of what they say. */
    private final Object barrierLock = new Object();

    private State state = State.IDLE;
    private @Nullable SharedFile file;
    private @Nullable Path published;
    private @Nullable IOException failure;
    private long unrecordedBytes;
    private boolean barrierQueued;

    private volatile boolean allocated;
    private volatile boolean recorded;
    private volatile Instant lastUse;

    PartialFile(
            Digest digest, Index.PartialRecord known, Path path, PartialOwner owner, DiskThreads disk, Index index) {
        this.digest = digest;
        this.sizeBytes = known.sizeBytes();
        this.path = path;
        this.chunks = new ChunkSet(sizeBytes, known.present());
        this.front = new Front(digest, known);
        this.allocated = known.allocated();
        this.lastUse = known.lastUse();
        this.owner = owner;
        this.disk = disk;
        this.index = index;
    }

    /** Opens the file, which exists. */
    synchronized void begin(boolean isAllocated, boolean isRecorded, Front.Hashed hashed) throws IOException {
        front.begin(hashed);
        allocated = isAllocated;
        recorded = isRecorded;
        file = new SharedFile(path);
        state = State.OPEN;
    }

    @Override
    public Digest digest() {
        return digest;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    synchronized boolean isIdle() {
        return state == State.IDLE;
    }

    /** Whether another {@link PartialFile} may go on with the file of this idle one. */
    synchronized boolean isIntact() throws IOException {
        return failure == null && Files.isRegularFile(path) && Files.size(path) == sizeBytes;
    }

    boolean isRecorded() {
        return recorded;
    }

    Instant lastUse() {
        return lastUse;
    }

    /** Bytes of the file system that are taken already. */
    long takenBytes() {
        return allocated ? sizeBytes : chunks.presentBytes();
    }

    /** What the index knows of an idle file, or one that is complete. */
    Index.PartialRecord record() {
        return front.record(allocated, chunks.copy(), lastUse);
    }

    @Override
    public Rungs rungs() {
        return front.rungs();
    }

    @Override
    public Optional<KeptProof> keptProof() {
        return front.kept();
    }

    @Override
    public void keep(KeptProof proof) {
        front.keep(proof);
    }

    /**
     * {@inheritDoc} Bytes of chunks that are present are left as they are: they may have been hashed already, and a
     * late writer must not change what was proven.
     */
    @Override
    public void write(long offset, ByteBuffer bytes) throws IOException {
        if (offset < 0 || bytes.remaining() > sizeBytes - offset) {
            throw new IllegalArgumentException(
                    bytes.remaining() + " bytes at " + offset + " are not inside the " + sizeBytes + " of " + digest);
        }
        long at = offset;
        while (bytes.hasRemaining()) {
            boolean present = chunks.has((int) (at / Chunk.SIZE_BYTES));
            int length = (int) Math.min(bytes.remaining(), chunks.endOfRun(at, at + bytes.remaining()) - at);
            if (!present) {
                file().write(at, bytes.slice(bytes.position(), length));
            }
            bytes.position(bytes.position() + length);
            at += length;
        }
    }

    private synchronized SharedFile file() throws IOException {
        requireOpen();
        return Objects.requireNonNull(file, "an open partial file has one");
    }

    private void requireOpen() throws IOException {
        IOException cause = failure;
        if (cause != null) {
            throw new IOException("the partial file of " + digest + " failed: " + cause.getMessage(), cause);
        }
        if (state != State.OPEN) {
            throw new IOException("the partial file of " + digest + " is closed");
        }
    }

    @Override
    public void received(ByteRange range) throws IOException {
        if (range.end() > sizeBytes) {
            throw new IllegalArgumentException(range + " is not inside the " + sizeBytes + " bytes of " + digest);
        }
        synchronized (this) {
            requireOpen();
            unrecordedBytes += chunks.add(range);
            boolean lastBarrier = chunks.presentBytes() == sizeBytes && sizeBytes >= LAST_BARRIER_BYTES_MIN;
            queueBarrier(lastBarrier ? 1 : owner.barrierBytes());
        }
    }

    /** Called every two seconds: whatever arrived since the last barrier is due. */
    synchronized void tick() {
        queueBarrier(front.hasNews() ? 0 : 1);
    }

    private void queueBarrier(long dueBytes) {
        if (state == State.OPEN && unrecordedBytes >= dueBytes && !barrierQueued) {
            barrierQueued = true;
            disk.execute(this::barrier);
        }
    }

    private void barrier() {
        try {
            settle();
        } catch (IOException e) {
            log.warn("the partial file of {} cannot be made durable: {}", digest, e.toString());
        }
        synchronized (this) {
            barrierQueued = false;
            queueBarrier(owner.barrierBytes());
        }
    }

    /** Makes what is present durable, then says so in the index; or only that more of it was hashed. */
    private void settle() throws IOException {
        synchronized (barrierLock) {
            BitSet present;
            boolean moreBytes;
            synchronized (this) {
                moreBytes = unrecordedBytes > 0;
                if (failure != null || (!moreBytes && (file == null || !front.hasNews()))) {
                    return;
                }
                unrecordedBytes = 0;
                present = moreBytes ? chunks.copy() : front.recordedPresent();
            }
            try {
                if (moreBytes) {
                    force();
                    lastUse = owner.now();
                }
                front.write(index, present, allocated, lastUse, moreBytes);
                recorded = true;
            } catch (IOException e) {
                // The kernel may have forgotten which pages are dirty: another attempt would seem to succeed.
                fail(e);
                throw e;
            }
        }
    }

    private void force() throws IOException {
        SharedFile open = file;
        if (open == null) {
            throw new ClosedChannelException();
        }
        open.force();
    }

    @Override
    public boolean has(int chunk) {
        return chunks.has(chunk);
    }

    @Override
    public long presentPrefixBytes() {
        return chunks.prefixBytes();
    }

    @Override
    public long presentBytes() {
        return chunks.presentBytes();
    }

    @Override
    public synchronized BlobFile open() throws IOException {
        Path now = published != null ? published : path;
        return new BlobFile(digest, sizeBytes, FileChannel.open(now, StandardOpenOption.READ));
    }

    @Override
    public StoredBlob complete(ProvenBlob proof, String mediaType, String source) throws IOException {
        if (!proof.digest().equals(digest) || proof.sizeBytes() != sizeBytes) {
            throw new IllegalArgumentException("a proof of " + proof.sizeBytes() + " bytes of " + proof.digest()
                    + " does not make " + digest + " of " + sizeBytes + " bytes complete");
        }
        synchronized (this) {
            requireOpen();
            if (chunks.presentBytes() != sizeBytes) {
                throw new IllegalStateException(digest + " is proven, but only " + chunks.presentBytes() + " of "
                        + sizeBytes + " bytes are present");
            }
            state = State.ENDING;
        }
        return disk.call(() -> owner.finish(this, proof.ladder(), mediaType, source));
    }

    /** Last step but one of completion: every byte on disk, and the final name. Called by the owner. */
    void publish(Layout layout) throws IOException {
        synchronized (barrierLock) {
            synchronized (this) {
                if (failure != null) {
                    throw failure;
                }
                unrecordedBytes = 0;
            }
            force();
        }
        synchronized (this) {
            layout.publish(digest);
            published = layout.blob(digest);
        }
        layout.syncBlobs();
        closeChannels();
    }

    @Override
    public void reset() throws IOException {
        disk.call(() -> {
            synchronized (barrierLock) {
                forget();
            }
            return true;
        });
    }

    private void forget() throws IOException {
        synchronized (this) {
            requireOpen();
            chunks.clear();
            front.restart();
            unrecordedBytes = 0;
        }
        try {
            // Before the first new byte lands on an old one, which the index would still call present.
            if (recorded) {
                front.write(index, new BitSet(), allocated, lastUse, true);
            }
        } catch (IOException e) {
            fail(e);
            throw e;
        }
    }

    /** Nothing of this file is trusted any more. */
    private synchronized void fail(IOException cause) {
        failure = cause;
    }

    @Override
    public void discard() throws IOException {
        if (leave()) {
            disk.call(() -> {
                owner.drop(this);
                return true;
            });
        }
    }

    @Override
    public void close() throws IOException {
        if (leave()) {
            disk.call(() -> {
                park();
                return true;
            });
        }
    }

    private synchronized boolean leave() {
        boolean wasOpen = state == State.OPEN;
        state = wasOpen ? State.ENDING : state;
        return wasOpen;
    }

    private void park() throws IOException {
        boolean keep = false;
        try {
            settle();
            synchronized (this) {
                keep = failure == null && chunks.presentBytes() > 0;
            }
        } finally {
            if (keep) {
                retire();
            } else {
                owner.drop(this);
            }
        }
    }

    /** Closes what is open; the file stays, and another {@link PartialFile} may go on with it. */
    void retire() throws IOException {
        closeChannels();
        synchronized (this) {
            state = State.IDLE;
        }
    }

    private void closeChannels() throws IOException {
        synchronized (barrierLock) {
            synchronized (this) {
                SharedFile open = file;
                file = null;
                if (open != null) {
                    open.close();
                }
            }
        }
    }
}
