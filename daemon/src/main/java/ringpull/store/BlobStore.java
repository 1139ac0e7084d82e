package ringpull.store;

import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.ProvenBlob;

/**
 * The blobs of this node: complete ones under their digest, partial ones while they arrive. Only proven bytes are ever
 * found here, whatever happened before: a crash, a power loss, a full disk. Safe for use by many threads.
 */
public interface BlobStore extends AutoCloseable {
    /** What is known of a complete blob; does not count as use. */
    Optional<StoredBlob> find(Digest digest);

    /** Opens a complete blob for reading and counts as use; empty if it is not held. The caller closes the file. */
    Optional<BlobFile> open(Digest digest) throws IOException;

    /** As {@link #open}, but does not count as use. */
    Optional<BlobFile> inspect(Digest digest) throws IOException;

    /** A number that is another after anybody has written to the file of a complete blob; 0 if it is not there. */
    long stamp(Digest digest) throws IOException;

    /** Every complete blob, in no order. */
    List<StoredBlob> list();

    /** Every blob that is partly here, in no order. */
    List<PartialInfo> partials();

    /**
     * The ladder of a complete blob; empty if there is none, as for blobs that an earlier release stored. It was proven
     * once, and is a claim again: the disk may have changed it since.
     */
    Optional<Ladder> ladder(Digest digest) throws IOException;

    /** One page of it. */
    Optional<byte[]> ladderPage(Digest digest, int page) throws IOException;

    /** Keeps the ladder of a complete blob that has none, or a damaged one. Unknown digests are ignored. */
    void keepLadder(ProvenBlob proof) throws IOException;

    /**
     * Reserves room for a blob and opens its partial file, or goes on with the one that an earlier attempt or an
     * earlier life of the daemon left. At most one is open for a digest at any time.
     *
     * @throws StoreFull if neither quota nor disk has room even after evicting everything that may go
     * @throws IllegalStateException if a partial of this digest is open, or the blob is complete already
     */
    PartialBlob receive(Digest digest, long sizeBytes) throws StoreFull, IOException;

    /**
     * Notes that a client was or will be served this blob on the strength of this origin repository
     * ({@code registry/path}), so that later access checks know a blob's sources. Unknown digests are ignored.
     */
    void noteSource(Digest digest, String repository);

    /**
     * These chunks of a complete blob turned out not to be its bytes: it leaves the set of complete ones, and is partial
     * again, without them. True if it was there.
     */
    boolean demote(Digest digest, BitSet damaged) throws IOException;

    /** Removes a complete blob; open readers finish. True if it was there. */
    boolean remove(Digest digest) throws IOException;

    /** Called with every change to the set of complete blobs, in the order of the changes, never concurrently. */
    void listen(Listener listener);

    /** Room taken and room allowed, in bytes, as {@code status} shows them. */
    Usage usage();

    @Override
    void close();

    /** Told of complete blobs that come and go. Returns quickly. */
    interface Listener {
        void added(StoredBlob blob);

        void removed(Digest digest);
    }

    /**
     * @param usedBytes complete and partial files
     * @param reservedBytes promised to partial blobs and not yet used
     * @param quotaBytes the most that used and reserved together may come to now
     */
    record Usage(long usedBytes, long reservedBytes, long quotaBytes) {}

    /** A partial blob as {@code holders} and {@code status} show it. */
    record PartialInfo(Digest digest, long sizeBytes, long presentBytes) {}
}
