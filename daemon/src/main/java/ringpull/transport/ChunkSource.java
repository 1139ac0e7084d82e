package ringpull.transport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;

/** What the serving side of a transport may hand out: proven blobs only. */
@FunctionalInterface
public interface ChunkSource {
    /** Opens a proven blob of this node, or nothing if it is not held; the caller closes it. */
    Optional<BlobFile> open(Digest digest) throws IOException;

    /**
     * Opens what is to be served of a range: also of a blob that is still arriving, if all of the range is here and vouched
     * for. Empty if it is not. The answer may take a while where many read, and comes on any thread.
     *
     * @param reader who reads, so that readers share fairly
     * @return ends with {@link Busy} if too many read already, with another {@link IOException} if it cannot be opened
     */
    default CompletableFuture<Optional<Serving>> serve(Digest digest, ByteRange range, SocketAddress reader) {
        try {
            return CompletableFuture.completedFuture(open(digest).map(file -> new Serving(file, () -> {})));
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Who reads: connections from one address are one reader's, however many. */
    static Object reader(SocketAddress remote) {
        return remote instanceof InetSocketAddress inet && inet.getAddress() != null ? inet.getAddress() : remote;
    }

    /**
     * @param file whoever serves closes it
     * @param over to be called once when it was sent, or will not be
     */
    record Serving(BlobFile file, Runnable over) {}

    /** Ask somebody else, or again in a moment. */
    final class Busy extends IOException {
        public Busy(String message) {
            super(message);
        }
    }
}
