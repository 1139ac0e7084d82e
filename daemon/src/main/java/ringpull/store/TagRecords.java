package ringpull.store;

import java.time.Instant;
import java.util.Optional;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;

/** This node's own record of what an origin answered for a tag. */
public interface TagRecords {
    void record(ImageName tag, TagRecord answer);

    Optional<TagRecord> find(ImageName tag);

    /** @param resolvedAt wall clock, when the origin answered */
    record TagRecord(Digest digest, String mediaType, long sizeBytes, Instant resolvedAt) {}
}
