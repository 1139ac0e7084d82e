package ringpull.transport;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Where bytes that a transport reads come down. */
@FunctionalInterface
public interface Landing {
    /**
     * Takes the bytes that belong at this offset of the blob and consumes the buffer. The calls for one range come one
     * after another, in order; ranges that are read at the same time may interleave. May block on a disk.
     */
    void write(long offset, ByteBuffer bytes) throws IOException;
}
