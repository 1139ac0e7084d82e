package ringpull.store;

import java.time.Instant;
import java.util.Set;
import ringpull.blob.Digest;

/**
 * A complete, proven blob.
 *
 * @param mediaType what the origin called it; empty if no one said
 * @param sources origin repositories ({@code registry/path}) through which clients asked for it
 * @param lastUse when it was last opened or received
 */
public record StoredBlob(Digest digest, long sizeBytes, String mediaType, Set<String> sources, Instant lastUse) {
    public StoredBlob {
        sources = Set.copyOf(sources);
    }
}
