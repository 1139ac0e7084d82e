package ringpull.origin;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Bytes on their way from an origin. Used by one thread; closed by whoever opened it. */
public interface OriginStream extends AutoCloseable {
    /** Size of the whole blob in bytes, whatever the offset of this stream; known before the first byte. */
    long sizeBytes();

    /** As the origin said, without parameters; {@code application/octet-stream} if it did not. */
    String mediaType();

    /** Whether every hop, redirects included, was TLS with a verified certificate: only then may bytes stream. */
    boolean authentic();

    /** Which endpoint answers, for traces: scheme, host and port. */
    String endpoint();

    /**
     * Reads some bytes into the buffer; -1 at the end of the blob. A body that ends early is an IOException: the
     * caller opens again at the offset that it has reached.
     */
    int read(ByteBuffer into) throws IOException;

    @Override
    void close();
}
