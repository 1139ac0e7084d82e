package ringpull.fetch;

import java.io.IOException;
import java.util.BitSet;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.Chunk;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.store.BlobStore;
import ringpull.store.StoredBlob;

/** What becomes of a stored blob that is damaged: it leaves the inventory, and what does not hold is fetched again. */
public final class Damage {
    private static final Logger log = LoggerFactory.getLogger(Damage.class);

    private final BlobStore store;
    private final Blobs blobs;
    private final Journal journal;

    public Damage(BlobStore store, Blobs blobs, Journal journal) {
        this.store = store;
        this.blobs = blobs;
        this.journal = journal;
    }

    /**
     * These chunks of a complete blob are not its bytes, and all others were checked just now.
     *
     * @return what was found and what becomes of it, for people
     */
    public String found(Digest digest, BitSet chunks) throws IOException, InterruptedException {
        Optional<StoredBlob> blob = store.find(digest);
        if (blob.isEmpty()) {
            return "it went meanwhile";
        }
        int count = chunks.cardinality();
        int all = Chunk.count(blob.get().sizeBytes());
        String what = count + " of " + Math.max(1, all) + " chunks on disk are not its bytes";
        log.error("{}: {}, the first is chunk {}; is the disk well?", digest, what, chunks.nextSetBit(0));
        boolean left = count >= all ? store.remove(digest) : store.demote(digest, chunks);
        String next = left ? fetchAgain(blob.get()) : "it went meanwhile";
        journal.note(digest, "damaged", "", 0, what + "; " + next);
        return what + "; " + next;
    }

    private String fetchAgain(StoredBlob blob) throws IOException, InterruptedException {
        ContentKind kind =
                blob.mediaType().contains("manifest") || blob.mediaType().contains("image.index")
                        ? ContentKind.MANIFEST
                        : ContentKind.BLOB;
        Optional<Repository> source =
                blob.sources().stream().sorted().findFirst().flatMap(Damage::repository);
        return switch (blobs.deliver(new BlobRequest(blob.digest(), kind, source))) {
            case Delivery.Complete(BlobFile file, String mediaType) -> {
                file.close();
                yield "it is here again";
            }
            case Delivery.Arriving _ -> "it is being fetched again";
            case Delivery.PassThrough(var stream) -> {
                stream.close();
                yield "there is no room to fetch it again";
            }
            case Delivery.Nowhere(String reason, String detail) -> "it is fetched again when asked for: " + detail;
        };
    }

    private static Optional<Repository> repository(String source) {
        int slash = source.indexOf('/');
        try {
            return slash < 0
                    ? Optional.empty()
                    : Optional.of(new Repository(source.substring(0, slash), source.substring(slash + 1)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
