package ringpull.transport.nvmeof;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.UUID;
import ringpull.blob.Digest;
import ringpull.transport.ChunkSource;
import ringpull.transport.session.Session;

/** What a reader asks holders, by their data addresses, through the ring's control channel. For any thread; blocks. */
public interface Leasing {
    /** Whether this holder announces that blobs can be read from it so. */
    boolean offers(InetSocketAddress holder);

    /** Asks for a session, of whose secret the key is made. */
    Session admit(InetSocketAddress holder) throws IOException, InterruptedException;

    /**
     * Asks to see a blob, or to see it longer.
     *
     * @return empty if the holder does not hold it whole
     * @throws ChunkSource.Busy if the holder says not now
     * @throws IOException with a sentence, if it refuses or does not answer
     */
    Optional<Lease> lease(InetSocketAddress holder, Session session, Digest digest)
            throws IOException, InterruptedException;

    /** Says that a blob need not be shown any longer; nobody waits for whether that arrived. */
    void release(InetSocketAddress holder, Session session, UUID namespace);
}
