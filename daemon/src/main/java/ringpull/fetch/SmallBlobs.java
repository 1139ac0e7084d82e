package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.blob.Repository;
import ringpull.metrics.Meters;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;
import ringpull.store.BlobStore;
import ringpull.store.StoredBlob;
import ringpull.swarm.Answers;
import ringpull.swarm.Answers.Inline;

/**
 * Small blobs as their home tells them: from the store, or read from the origin once for all who ask and kept in memory for
 * those who ask next. Only what its digest proves. For any thread.
 */
final class SmallBlobs {
    /** What is kept in memory, in bytes: the latest. */
    private static final int KEPT_BYTES = 8 << 20;

    private static final Logger log = LoggerFactory.getLogger(SmallBlobs.class);

    private final BlobStore store;
    private final Origin origin;
    private final Journal journal;
    private final Meters meters;
    private final Map<Digest, CompletableFuture<Optional<Inline>>> reading = new ConcurrentHashMap<>();
    private final Map<Digest, Inline> kept = new LinkedHashMap<>();
    private int keptBytes;

    SmallBlobs(BlobStore store, Origin origin, Journal journal, Meters meters) {
        this.store = store;
        this.origin = origin;
        this.journal = journal;
        this.meters = meters;
    }

    /** Empty if it is larger than a home tells, or the origin does not give it. */
    Optional<Inline> read(Digest digest, Repository repository) throws InterruptedException {
        CompletableFuture<Optional<Inline>> mine = new CompletableFuture<>();
        CompletableFuture<Optional<Inline>> running = reading.putIfAbsent(digest, mine);
        if (running != null) {
            return outcome(running);
        }
        try {
            Optional<Inline> read = known(digest); // whoever read it before has kept it before leaving its place here
            if (read.isEmpty()) {
                read = fromOrigin(digest, repository);
                read.ifPresent(blob -> keep(digest, blob));
            }
            mine.complete(read);
            return read;
        } finally {
            mine.complete(Optional.empty()); // where it was left by an exception
            reading.remove(digest, mine);
        }
    }

    private static Optional<Inline> outcome(CompletableFuture<Optional<Inline>> running) throws InterruptedException {
        try {
            return running.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("it is never completed so", e);
        }
    }

    private Optional<Inline> known(Digest digest) {
        synchronized (kept) {
            @Nullable Inline blob = kept.get(digest);
            if (blob != null) {
                return Optional.of(blob);
            }
        }
        try (BlobFile file = store.open(digest).orElse(null)) {
            if (file == null || file.sizeBytes() > Answers.SMALL_BYTES) {
                return Optional.empty();
            }
            byte[] bytes = file.read();
            String type = store.find(digest).map(StoredBlob::mediaType).orElse("");
            return proven(digest, bytes) ? Optional.of(new Inline(bytes, type)) : Optional.empty();
        } catch (IOException e) {
            log.warn("{} is in the store and cannot be read: {}", digest, e.toString());
            return Optional.empty();
        }
    }

    private Optional<Inline> fromOrigin(Digest digest, Repository repository) throws InterruptedException {
        try (OriginStream stream = origin.open(repository, ContentKind.BLOB, digest, 0)) {
            if (stream.sizeBytes() > Answers.SMALL_BYTES) {
                return Optional.empty();
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) stream.sizeBytes());
            while (bytes.hasRemaining() && stream.read(bytes) >= 0) {
                // reads on
            }
            meters.received(Meters.Source.ORIGIN, bytes.position());
            if (!proven(digest, bytes.array())) {
                journal.note(digest, "fallback", stream.endpoint(), 0, "it sent something else, or not all");
                return Optional.empty();
            }
            journal.note(digest, "origin", stream.endpoint(), bytes.capacity(), "as its home, for all who ask");
            return Optional.of(new Inline(bytes.array(), stream.mediaType()));
        } catch (OriginException | IOException e) {
            journal.note(digest, "fallback", "origin", 0, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private static boolean proven(Digest digest, byte[] bytes) {
        try {
            Proof.of(digest, ByteBuffer.wrap(bytes));
            return true;
        } catch (ProofFailed e) {
            return false;
        }
    }

    private void keep(Digest digest, Inline blob) {
        synchronized (kept) {
            if (kept.putIfAbsent(digest, blob) == null) {
                keptBytes += blob.bytes().length;
            }
            var oldest = kept.entrySet().iterator();
            while (keptBytes > KEPT_BYTES) {
                keptBytes -= oldest.next().getValue().bytes().length;
                oldest.remove();
            }
        }
    }
}
