package ringpull.fetch;

import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
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
    private volatile Released released;
    private volatile boolean early;
    private volatile long wanted;
    private volatile State state = State.RUNNING;
    private volatile String mediaType = "";
    private volatile FetchFailed failure = new FetchFailed("", "");

    /** @param early whether bytes may leave before all are proven */
    BlobFetch(Digest digest, BlobStore store, boolean early) {
        this.digest = digest;
        this.store = store;
        this.early = early;
        this.released = new Released(0, early);
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
        released = new Released(blob.sizeBytes(), early);
        partial = blob;
        signal();
    }

    void mediaType(String type) {
        mediaType = type;
    }

    /** Bytes of which these are present came from an authentic origin: they may leave, but for the last chunk. */
    void release(ByteRange range) {
        released.add(range);
    }

    /** These chunks are what two members on different hosts say. */
    void release(BitSet chunks) {
        released.add(chunks);
        signal();
    }

    /** These chunks are what was proven here before. */
    void releaseProven(BitSet chunks) {
        released.addProven(chunks);
        signal();
    }

    boolean hasReleased() {
        return !released.isEmpty();
    }

    boolean isHandedOff() {
        return released.isHandedOff();
    }

    /** What has come is not the blob. From now on nothing leaves unproven. */
    void refuted() {
        early = false;
        released.refute();
    }

    /** The client's bytes that are fetched first. */
    long wanted() {
        return wanted;
    }

    /** More bytes are present. */
    void progressed() {
        signal();
    }

    /** Every byte is right: clients need not wait until the blob is durable, too. */
    void proven(ProvenBlob proof) {
        released.addAll();
        signal();
    }

    /** The blob came into the store between this fetch's start and a look at it. */
    void foundStored(StoredBlob blob) {
        mediaType = blob.mediaType();
        released = new Released(blob.sizeBytes(), true);
        released.addAll();
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
        return state == State.PROVEN ? OptionalLong.of(released.sizeBytes()) : OptionalLong.empty();
    }

    @Override
    public long releasedEnd(long offset) {
        return released.end(offset);
    }

    @Override
    public boolean handOff() {
        return released.handOff();
    }

    @Override
    public void want(long offset) {
        wanted = offset;
    }

    @Override
    public long receivedBytes() {
        PartialBlob blob = partial;
        return blob != null ? blob.presentBytes() : released.sizeBytes();
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
