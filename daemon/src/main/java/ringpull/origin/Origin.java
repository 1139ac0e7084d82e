package ringpull.origin;

import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;

/** Where a blob comes from when the ring has none. Blocks; called on virtual threads. */
public interface Origin extends AutoCloseable {
    /** Asks what a tag means now. */
    TagAnswer resolve(Repository repository, String tag) throws OriginException, InterruptedException;

    /**
     * Opens a blob's bytes from an offset to the end.
     *
     * @param offsetBytes first byte wanted; at an offset other than 0 only a blob whose size was learnt before
     */
    OriginStream open(Repository repository, ContentKind kind, Digest digest, long offsetBytes)
            throws OriginException, InterruptedException;

    @Override
    void close();

    /** @param mediaType without parameters */
    record TagAnswer(Digest digest, String mediaType, long sizeBytes) {}
}
