package ringpull.origin;

import ringpull.blob.ByteRange;
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

    /**
     * Opens a part of a blob, for one of many members that each read a part. Asked once, without the patience of {@link
     * #open}: the members agree on who asks again and when. The stream ends where the run or the blob does.
     */
    OriginStream openRun(Repository repository, Digest digest, ByteRange run)
            throws OriginException, InterruptedException;

    @Override
    void close();

    /** @param mediaType without parameters */
    record TagAnswer(Digest digest, String mediaType, long sizeBytes) {}
}
