package ringpull.fetch;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.blob.Repository;
import ringpull.store.BlobStore;
import ringpull.store.StoredBlob;
import ringpull.swarm.Answers;

/** What this node tells other members as the home of tags and manifests. */
public final class LocalAnswers implements Answers {
    private static final Logger log = LoggerFactory.getLogger(LocalAnswers.class);

    private final SharedTags tags;
    private final ManifestReader manifests;
    private final BlobStore store;

    public LocalAnswers(SharedTags tags, Blobs blobs, BlobStore store, LongSupplier nanoTime) {
        this.tags = tags;
        this.manifests = new ManifestReader(blobs, new FetchWait(nanoTime));
        this.store = store;
    }

    @Override
    public Meaning tag(ImageName tag, Duration within) throws InterruptedException {
        return tags.tell(tag, within);
    }

    @Override
    public Optional<Recalled> recall(ImageName tag) {
        return tags.recall(tag);
    }

    @Override
    public Optional<Inline> manifest(Digest digest, Repository repository) throws InterruptedException {
        try {
            ByteBuffer bytes = manifests.read(digest, repository).bytes();
            if (bytes.remaining() > INLINE_BYTES) {
                return Optional.empty();
            }
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            return Optional.of(new Inline(
                    copy, store.find(digest).map(StoredBlob::mediaType).orElse("")));
        } catch (ImageFailed e) {
            log.debug("cannot tell others of {}: {}", digest, e.toString());
            return Optional.empty();
        }
    }
}
