package ringpull.fetch;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.ProvenBlob;
import ringpull.store.BlobStore;
import ringpull.store.PartialBlob;
import ringpull.store.StoredBlob;

/**
 * What clients see of a fetch: its {@link Journey} moves it on from one thread, proof threads and transports tell it
 * of progress, and clients look at it from theirs.
 */
final class BlobFetch implements Fetch {
    private final Digest digest;
    private final BlobStore store;
    private final Wishes wishes = new Wishes();
    private final CountDownLatch failed = new CountDownLatch(1);
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    private volatile @Nullable PartialBlob partial;
    private volatile long releasedBytes;
    private volatile boolean authentic;
    private volatile State state = State.RUNNING;
    private volatile String mediaType = "";
    private volatile FetchFailed failure = new FetchFailed("", "");

    BlobFetch(Digest digest, BlobStore store) {
        this.digest = digest;
        this.store = store;
    }

    Wishes wishes() {
        return wishes;
    }

    /** Waits until a fetch that is about to fail has let go of the store. */
    void awaitFailed() throws InterruptedException {
        failed.await();
    }

    /** The file is there and the size known. */
    void opened(PartialBlob blob) {
        partial = blob;
        signal();
    }

    void mediaType(String type) {
        mediaType = type;
    }

    /** Whether every byte that is here came from an authentic origin, so that all but the last chunk may leave. */
    void authentic(boolean every) {
        authentic = every;
    }

    boolean authentic() {
        return authentic;
    }

    /** More bytes are present. */
    void progressed() {
        PartialBlob blob = partial;
        if (blob != null && authentic) {
            long released = Math.min(blob.presentPrefixBytes(), Chunk.lastOffset(blob.sizeBytes()));
            releasedBytes = Math.max(releasedBytes, released);
        }
        signal();
    }

    /** More bytes are present, and so many from the start are authentic. */
    void progressed(long authenticBytes) {
        PartialBlob blob = partial;
        if (blob != null) {
            releasedBytes = Math.max(releasedBytes, Math.min(authenticBytes, Chunk.lastOffset(blob.sizeBytes())));
        }
        signal();
    }

    /** Every byte is right: clients need not wait until the blob is durable, too. */
    void proven(ProvenBlob proof) {
        releasedBytes = proof.sizeBytes();
        signal();
    }

    /** The blob came into the store between this fetch's start and a look at it. */
    void foundStored(StoredBlob blob) {
        mediaType = blob.mediaType();
        releasedBytes = blob.sizeBytes();
        stored();
    }

    /** The blob is in the store. */
    void stored() {
        partial = null;
        state = State.PROVEN;
        signal();
    }

    void failed(FetchFailed why) {
        failure = why;
        state = State.FAILED;
        failed.countDown();
        signal();
    }

    private void signal() {
        listeners.forEach(Runnable::run);
    }

    @Override
    public Digest digest() {
        return digest;
    }

    @Override
    public OptionalLong sizeBytes() {
        PartialBlob blob = partial;
        if (blob != null) {
            return OptionalLong.of(blob.sizeBytes());
        }
        return state == State.PROVEN ? OptionalLong.of(releasedBytes) : OptionalLong.empty();
    }

    @Override
    public long releasedBytes() {
        return releasedBytes;
    }

    @Override
    public long receivedBytes() {
        PartialBlob blob = partial;
        return blob != null ? blob.presentBytes() : releasedBytes;
    }

    @Override
    public State state() {
        return state;
    }

    @Override
    public String failureReason() {
        return failure.reason();
    }

    @Override
    public String failureDetail() {
        return failure.detail();
    }

    @Override
    public String mediaType() {
        return mediaType;
    }

    @Override
    public BlobFile open() throws IOException {
        PartialBlob blob = partial;
        if (blob == null) {
            return openStored().orElseThrow(() -> new IOException(digest + " is not open: its size is not known yet"));
        }
        try {
            return blob.open();
        } catch (IOException e) {
            // Completed in between: then it lies in the store.
            return openStored().orElseThrow(() -> e);
        }
    }

    private Optional<BlobFile> openStored() throws IOException {
        return store.open(digest);
    }

    @Override
    public Subscription onChange(Runnable callback) {
        listeners.add(callback);
        return () -> listeners.remove(callback);
    }
}
