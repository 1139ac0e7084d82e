package ringpull.fetch;

import java.time.Instant;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;

/** What a tag means: the origin is asked; its recorded answer stands in while it cannot be reached. */
public interface Tags {
    /** Blocks on the origin; call it on a virtual thread. */
    TagOutcome resolve(ImageName tag) throws InterruptedException;

    /** What is known of a tag. */
    sealed interface TagOutcome {
        /** @param stale whether this is a record and the origin could not be asked */
        record Resolved(Digest digest, String mediaType, long sizeBytes, Instant resolvedAt, boolean stale)
                implements TagOutcome {}

        /** @param reason one word, a metric's label: {@code not_found}, {@code denied}, {@code unreachable}, … */
        record Unresolved(String reason, String detail) implements TagOutcome {}
    }
}
