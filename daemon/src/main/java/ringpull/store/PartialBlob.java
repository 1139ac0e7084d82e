package ringpull.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.blob.LadderProof;
import ringpull.blob.ProvenBlob;
import ringpull.blob.Rungs;

/** A blob that is arriving: a preallocated file, and a record of the chunks that are in it. */
public interface PartialBlob extends AutoCloseable {
    Digest digest();

    long sizeBytes();

    /** Writes at an offset and consumes the buffer. Disjoint ranges may be written at the same time. */
    void write(long offset, ByteBuffer bytes) throws IOException;

    /**
     * Says that every byte of this range has been written. Chunks that are covered whole become present; their record
     * reaches the index at the next barrier, after their bytes have reached the disk.
     */
    void received(ByteRange range) throws IOException;

    /** Whether this chunk is present. */
    boolean has(int chunk);

    /** Where the first absent chunk begins; the size if none is absent. Bytes before it are present, not proven. */
    long presentPrefixBytes();

    /** How many bytes are present. */
    long presentBytes();

    /**
     * The chaining values of the chunks at the front that were hashed, in this life or an earlier one. The proof that goes
     * on from there adds to them, and the index learns of it with the next barrier; {@link #reset} begins others.
     */
    Rungs rungs();

    /**
     * A proof by a ladder that an earlier attempt, or an earlier life of the daemon, has begun: of what it has checked no byte
     * need be hashed again. Empty after {@link #reset}.
     */
    Optional<KeptProof> keptProof();

    /** Keeps this proof and, with every barrier, what it has checked by then, in place of what was kept before. */
    void keep(KeptProof proof);

    /** @param own whether its ladder was proven here, when the blob was complete; else it is what somebody claims */
    record KeptProof(LadderProof proof, boolean own) {}

    /** Opens the file as it is now, for reading what is present; stays readable after {@link #complete}. */
    BlobFile open() throws IOException;

    /**
     * Makes the blob complete: bytes synced, renamed to its digest, recorded, then announced to listeners. Closes this.
     *
     * @throws IllegalArgumentException if the proof is of another blob
     */
    StoredBlob complete(ProvenBlob proof, String mediaType, String source) throws IOException;

    /** Forgets everything that is present, after a failed proof; the room stays reserved. */
    void reset() throws IOException;

    /** Gives up: the file goes and the reservation is given back. Closes this. */
    void discard() throws IOException;

    /** Keeps what is present for a later {@link BlobStore#receive}. Does nothing when completed or discarded. */
    @Override
    void close() throws IOException;
}
