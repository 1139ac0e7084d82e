package ringpull.blob;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * An open file with the bytes of a blob. Whoever gets one closes it. Unlinking the file does not disturb a reader.
 *
 * @param digest the blob's name
 * @param sizeBytes the size of the whole blob
 * @param channel open for reading; read by position only, never through its own position
 */
public record BlobFile(Digest digest, long sizeBytes, FileChannel channel) implements AutoCloseable {
    /**
     * All of it, for a blob that is small. Nothing is proven.
     *
     * @throws EOFException if the file ends early
     */
    public byte[] read() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) sizeBytes);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, bytes.position()) < 0) {
                throw new EOFException("the file of " + digest + " ends at byte " + bytes.position());
            }
        }
        return bytes.array();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
