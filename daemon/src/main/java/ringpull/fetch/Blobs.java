package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;

/** What the mirror and the control service ask of the fetcher. */
public interface Blobs {
    /**
     * The blob from this node, or the one fetch of it, which this call starts if none runs. Blocks only on local
     * disk, never on the network, save for {@link Delivery.PassThrough}: call it on a virtual thread.
     */
    Delivery deliver(BlobRequest request) throws InterruptedException;

    /**
     * How far, from the start of this range, the bytes on disk of a complete blob are its own still; checks what was not
     * checked lately. At the start itself: a chunk there is damaged; the blob is complete no more, and {@link #deliver} has
     * the fetch that mends it. Waits for the disk and the hash: call it on a virtual thread.
     */
    default long soundEnd(BlobFile file, ByteRange wanted) throws IOException, InterruptedException {
        return wanted.end();
    }

    /**
     * Some bytes from this offset, read just now from an authentic origin, for a client that would not wait for the proof.
     * Empty if there is no such origin, or only the last chunk is left. Waits for the origin, as long as it takes.
     */
    default Optional<ByteBuffer> keepAlive(BlobRequest request, long sizeBytes, long offset)
            throws IOException, InterruptedException {
        return Optional.empty();
    }

    /** Says that a client has bytes which are not this blob's. */
    default void wrongBytesLeft(Digest digest, String why) {}
}
