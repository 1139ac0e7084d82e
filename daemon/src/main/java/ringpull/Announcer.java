package ringpull;

import java.util.Map;
import java.util.stream.Collectors;
import ringpull.blob.Digest;
import ringpull.ring.wire.RingNode;
import ringpull.store.BlobStore;
import ringpull.store.StoredBlob;

/** Tells the ring what comes into the store and what goes. */
record Announcer(RingNode ring) implements BlobStore.Listener {
    @Override
    public void added(StoredBlob blob) {
        ring.hold(blob.digest(), blob.sizeBytes());
    }

    @Override
    public void removed(Digest digest) {
        ring.drop(digest);
    }

    /** What is in the store when the ring is joined, with sizes in bytes. */
    static Map<Digest, Long> inventory(BlobStore store) {
        return store.list().stream().collect(Collectors.toMap(StoredBlob::digest, StoredBlob::sizeBytes));
    }
}
