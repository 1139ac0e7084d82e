package ringpull.transport;

import java.net.InetSocketAddress;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;

/** A way to read chunks from another member. Safe for use by many threads at once. */
public interface Transport extends AutoCloseable {
    /** The name by which members announce it: {@code tcp}, {@code memory}. */
    String name();

    /**
     * Reads a range of a blob from a holder into the landing; returns when every byte has been written there.
     * Whatever is thrown, the bytes that reached the landing before stay there, in order from the range's start.
     *
     * @throws TransferException if the range did not arrive whole; its cause says what to do next
     * @throws InterruptedException if the calling thread was interrupted; the landing is not touched afterwards
     */
    void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing)
            throws TransferException, InterruptedException;

    /** Hears that bytes from here were not what the holder has: they were changed on their way. */
    default void spoilt(InetSocketAddress holder) {}

    @Override
    void close();
}
