package ringpull.fetch;

import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringpull.blob.ContentKind;
import ringpull.ring.MemberId;
import ringpull.store.StoreFull;

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
        if (!first
                || evidence.isRefuted()
                || pull != null
                || kind != ContentKind.BLOB
                || swarms.isEmpty()
                || wish.isEmpty()) {
            return Set.of();
        }
        fetch.authentic(false);
        SwarmPull begun = new SwarmPull(wish.get(), parts, swarms.get(), fetch, evidence, journey);
        pull = begun;
        return begun.bring();
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
