package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.blob.Repository;
import ringpull.metrics.Meters;
import ringpull.ring.MemberId;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.swarm.Answers;

/**
 * A journey's part in the swarm of its blob: with the other members that want it now, each reads a part from the origin,
 * and they exchange. Once in a journey; what it does not bring comes as without it.
 */
final class Together {
    private final ContentKind kind;
    private final Fetcher.Parts parts;
    private final BlobFetch fetch;
    private final Evidence evidence;
    private @Nullable SwarmPull pull;

    Together(BlobRequest request, Fetcher.Parts parts, BlobFetch fetch, Evidence evidence) {
        this.kind = request.kind();
        this.parts = parts;
        this.fetch = fetch;
        this.evidence = evidence;
    }

    /**
     * Brings as much of the blob as it can.
     *
     * @param first whether no origin was asked in vain so far; what did not prove before is not brought so again
     * @return the members that delivered some
     * @throws IOException if this node could not write
     */
    Set<MemberId> bring(boolean first, SwarmPull.Host journey) throws StoreFull, IOException, InterruptedException {
        Optional<SwarmPulls.Swarms> swarms = parts.swarmPulls().company();
        Optional<BlobRequest> wish = fetch.wishes().origin(0);
        if (!first || evidence.isRefuted() || pull != null || swarms.isEmpty() || wish.isEmpty()) {
            return Set.of();
        }
        if (kind == ContentKind.MANIFEST) {
            inline(wish.get(), manifest(wish.get(), swarms.get()), journey);
            return Set.of();
        }
        if (parts.promised().isSmall(wish.get().digest())
                && inline(wish.get(), small(wish.get(), swarms.get()), journey)) {
            return Set.of();
        }
        SwarmPull begun = new SwarmPull(wish.get(), parts, swarms.get(), fetch, evidence, journey);
        pull = begun;
        return begun.bring();
    }

    private Optional<Answers.Inline> manifest(BlobRequest wish, SwarmPulls.Swarms swarms) throws InterruptedException {
        return counted(swarms.homes().manifest(wish.digest(), wish.repository().orElseThrow()));
    }

    private Optional<Answers.Inline> small(BlobRequest wish, SwarmPulls.Swarms swarms) throws InterruptedException {
        Repository repository = wish.repository().orElseThrow();
        return swarms.isHome(wish.digest())
                ? parts.smallBlobs().read(wish.digest(), repository)
                : counted(swarms.homes().small(wish.digest(), repository));
    }

    private Optional<Answers.Inline> counted(Optional<Answers.Inline> told) {
        told.ifPresent(blob -> {
            int length = blob.bytes().length;
            parts.meters().received(Meters.Source.PEER, length);
            parts.meters().carried("inline", "", length);
            parts.journal().note(fetch.digest(), "peer", "home", length, "told by its home");
        });
        return told;
    }

    /**
     * A manifest or a small blob comes whole from its home, and is checked before it is written: nobody is to blame for it
     * later. False if it did not come.
     */
    private boolean inline(BlobRequest wish, Optional<Answers.Inline> told, SwarmPull.Host journey)
            throws StoreFull, IOException {
        if (told.isEmpty()) {
            return false;
        }
        ByteBuffer bytes = ByteBuffer.wrap(told.get().bytes());
        try {
            Proof.of(wish.digest(), bytes);
        } catch (ProofFailed e) {
            parts.journal().note(wish.digest(), "fallback", "home", 0, "it sent something else");
            return false;
        }
        long length = bytes.remaining();
        PartialBlob blob = journey.open(length);
        fetch.mediaType(told.get().mediaType());
        if (length > 0) {
            blob.write(0, bytes);
            blob.received(new ByteRange(0, length));
        }
        journey.landed();
        return true;
    }

    /** The journey is over, or begins anew without what came. */
    void leave(boolean proven) {
        SwarmPull running = pull;
        if (running != null) {
            try {
                running.over(proven);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
