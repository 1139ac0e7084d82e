package ringpull.blob;

import java.io.IOException;
import java.nio.channels.FileChannel;

/**
 * An open file with the bytes of a blob. Whoever gets one closes it. Unlinking the file does not disturb a reader.
 *
 * @param digest the blob's name
 * @param sizeBytes the size of the whole blob
 * @param channel open for reading; read by position only, never through its own position
 */
public record BlobFile(Digest digest, long sizeBytes, FileChannel channel) implements AutoCloseable {
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
