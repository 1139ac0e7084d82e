package ringpull.fetch;

import java.io.IOException;
import java.util.OptionalLong;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;

/**
 * One blob on its way to this node. Methods never block and may be called from any thread.
 */
public interface Fetch {
    Digest digest();

    /** The blob's size, once a holder or the origin said it. */
    OptionalLong sizeBytes();

    /**
     * Where the bytes end that may be handed to a client now, from this one on; the offset itself if it may not. Once the
     * blob is proven all may. Grows, until the fetch fails.
     */
    long releasedEnd(long offset);

    /**
     * Says that released bytes are about to leave; false if they must not, since they were refuted a moment ago: the fetch
     * ends, or goes on with others.
     */
    boolean handOff();

    /** Somebody waits for bytes from here on: they are fetched first, where that is possible. */
    void want(long offset);

    /** Bytes that have arrived, released or not. */
    long receivedBytes();

    State state();

    /** In one word why it failed (a metric's label), and a sentence; empty while it has not. */
    String failureReason();

    String failureDetail();

    /** As an answer's Content-Type says it; known as soon as the size is. */
    String mediaType();

    /**
     * Opens the file that the bytes arrive in; only once {@link #sizeBytes} is known, or it throws. Reads up to
     * {@link #releasedEnd} are right. The caller closes it.
     */
    BlobFile open() throws IOException;

    /**
     * Calls back after every change of the above, on some thread of the fetch, until the returned handle is closed.
     * The callback returns quickly; changes may be folded into one call.
     */
    Subscription onChange(Runnable callback);

    /** Ends the calls back when closed. */
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }

    /** How a fetch goes. */
    enum State {
        RUNNING,
        PROVEN,
        FAILED
    }
}
