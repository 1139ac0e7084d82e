package ringpull.ring;

import java.util.Optional;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;

/** The ladders that other members keep of their blobs. */
public interface Ladders {
    /**
     * Whether each ladder is known to come from the very member that was asked: over TLS, under its certificate. Only then two
     * ladders are two members' words.
     */
    default boolean authenticated() {
        return false;
    }

    /** Nobody offers any. */
    Ladders NONE = (member, digest, sizeBytes) -> Optional.empty();

    /**
     * Asks a member for a ladder; a claim until it is proven. Empty if it has none, or does not answer in time. Blocks: call
     * it on a virtual thread.
     */
    Optional<Ladder> of(Member member, Digest digest, long sizeBytes) throws InterruptedException;
}
