package ringpull.store;

import java.io.IOException;
import java.time.Instant;
import ringpull.blob.Ladder;

/** What a partial file needs of its store. */
interface PartialOwner {
    /** Bytes that arrive between two barriers at most, or nearly so. */
    long barrierBytes();

    Instant now();

    StoredBlob finish(PartialFile partial, Ladder ladder, String mediaType, String source) throws IOException;

    /** Removes file, record and reservation. */
    void drop(PartialFile partial) throws IOException;
}
