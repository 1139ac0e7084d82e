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
import ringpull.metrics.Meters;
import ringpull.store.BlobStore;
import ringpull.store.StoredBlob;
import ringpull.swarm.Answers;
import ringpull.transport.Pace;

/** What this node tells other members as the home of tags, manifests and small blobs. */
public final class LocalAnswers implements Answers {
    private static final Logger log = LoggerFactory.getLogger(LocalAnswers.class);

    private final SharedTags tags;
    private final ManifestReader manifests;
    private final SmallBlobs smallBlobs;
    private final BlobStore store;
    private final Meters meters;
    private final Pace upload;

    /** @param upload what is sent to other members */
    public LocalAnswers(
            SharedTags tags, Fetcher fetcher, BlobStore store, Meters meters, Pace upload, LongSupplier nanoTime) {
        this.tags = tags;
        this.manifests = new ManifestReader(fetcher, new FetchWait(nanoTime));
        this.smallBlobs = fetcher.smallBlobs();
        this.store = store;
        this.meters = meters;
        this.upload = upload;
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
            return paced(new Inline(
                    copy, store.find(digest).map(StoredBlob::mediaType).orElse("")));
        } catch (ImageFailed e) {
            log.debug("cannot tell others of {}: {}", digest, e.toString());
            return Optional.empty();
        }
    }

    @Override
    public Optional<Inline> small(Digest digest, Repository repository) throws InterruptedException {
        Optional<Inline> blob = smallBlobs.read(digest, repository);
        return blob.isPresent() ? paced(blob.get()) : blob;
    }

    private Optional<Inline> paced(Inline answer) throws InterruptedException {
        upload.take(answer.bytes().length, () -> {});
        meters.served("inline", answer.bytes().length);
        return Optional.of(answer);
    }
}
