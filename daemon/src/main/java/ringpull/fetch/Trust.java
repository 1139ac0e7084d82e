package ringpull.fetch;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blame.Fault;
import ringpull.blob.BlobFile;
import ringpull.blob.Chunk;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.ProvenBlob;
import ringpull.metrics.Meters;
import ringpull.ring.Holders.Holder;
import ringpull.ring.Member;
import ringpull.store.PartialBlob;

/** Whom a journey asks, and whom it blames for what did not prove. Used by the journey's thread. */
final class Trust {
    private static final Logger log = LoggerFactory.getLogger(Trust.class);

    private final Digest digest;
    private final ContentKind kind;
    private final Fetcher.Parts parts;
    private final Evidence evidence;

    Trust(BlobRequest request, Fetcher.Parts parts) {
        this.digest = request.digest();
        this.kind = request.kind();
        this.parts = parts;
        this.evidence = parts.cases().of(digest);
    }

    /** What is known of how bytes came. */
    Evidence evidence() {
        return evidence;
    }

    /** Holders to ask: of those that stand well, if there are any. */
    List<Holder> holders() {
        List<Holder> trusted = parts.sources().ring().holders(digest).stream()
                .filter(holder -> !isSuspect(holder))
                .filter(holder -> !parts.reputation().shuns(holder.member().id()))
                .filter(holder -> holder.sizeBytes() >= 0 && holder.sizeBytes() <= sizeMax())
                .toList();
        List<Holder> best = trusted.stream()
                .filter(holder -> parts.reputation().of(holder.member().id()).isEmpty())
                .toList();
        return best.isEmpty() ? trusted : best;
    }

    private long sizeMax() {
        return switch (kind) {
            case MANIFEST -> ManifestJson.BYTES_MAX;
            case BLOB -> Chunk.BLOB_BYTES_MAX;
        };
    }

    boolean isSuspect(Holder holder) {
        return parts.suspects().contains(digest, holder.member().id());
    }

    /** What did not prove is about to be forgotten. */
    void refuted(PartialBlob blob) throws IOException, InterruptedException {
        try (BlobFile file = blob.open()) {
            parts.proofThreads()
                    .submit(() -> {
                        evidence.refuted(file);
                        return null;
                    })
                    .get();
        } catch (RejectedExecutionException e) {
            throw new InterruptedException("the daemon stops");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        }
    }

    /** Those whose bytes or ladder, or whose size, contradict what is proven. */
    void blame(ProvenBlob proof, Set<Member> liars) {
        evidence.judge(proof.ladder());
        long sizeBytes = proof.sizeBytes();
        for (Member liar : liars) {
            parts.suspects().add(digest, Set.of(liar.id()));
            parts.reputation().happened(new Fault.FalseLadder(liar.id(), digest));
            parts.meters().proofFailed(Meters.Source.PEER);
            parts.journal().note(digest, "proof", liar.name(), 0, "failed: it sent other bytes, or a false ladder");
            log.warn("{} sent other bytes than those of {}, or a false ladder", liar.name(), digest);
        }
        for (Holder holder : parts.sources().ring().holders(digest)) {
            if (holder.sizeBytes() != sizeBytes) {
                parts.suspects().add(digest, Set.of(holder.member().id()));
                parts.journal()
                        .note(
                                digest,
                                "fallback",
                                holder.member().name(),
                                0,
                                "announces " + holder.sizeBytes() + " bytes, and the blob has " + sizeBytes);
            }
        }
    }

    /** Says who was at fault for what did not prove on the way; on a thread that may keep a core busy. */
    void judge() {
        if (!evidence.isDoubtful()) {
            return;
        }
        try {
            parts.proofThreads().execute(() -> {
                try (BlobFile file = parts.store().open(digest).orElse(null)) {
                    if (file != null) {
                        evidence.judge(file);
                    }
                } catch (ClosedByInterruptException e) {
                    Thread.currentThread().interrupt(); // the daemon stops
                } catch (IOException e) {
                    log.warn("nobody is blamed for what did not prove of {}: {}", digest, e.toString());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt(); // the daemon stops
                }
            });
        } catch (RejectedExecutionException e) {
            log.debug("the daemon stops before {} is judged", digest);
        }
    }

    /** The journey ends without the blob: a later one may find out. */
    void ended() {
        if (evidence.isRefuted()) {
            parts.cases().keep(digest, evidence);
        }
    }
}
