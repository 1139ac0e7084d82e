package ringpull.transport;

import java.io.IOException;
import java.util.Optional;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;

/** What the serving side of a transport may hand out: proven blobs only. */
@FunctionalInterface
public interface ChunkSource {
    /** Opens a proven blob of this node, or nothing if it is not held; the caller closes it. */
    Optional<BlobFile> open(Digest digest) throws IOException;
}
