package ringpull.blob;

import java.nio.ByteBuffer;
import ringpull.hash.Sha256;

/**
 * SHA-256 over a blob's bytes in order, which makes the blob's {@link Ladder} on the way. Used by one thread at a time, a
 * platform thread.
 */
public final class Proof {
    private final Digest expected;
    private final Chain chain;
    private final Rungs rungs;

    public Proof(Digest expected) {
        this(expected, new Rungs());
    }

    /** Goes on behind the chunks that these rungs are of. It adds to them. */
    public Proof(Digest expected, Rungs rungs) {
        this(expected, rungs, Sha256.fastest());
    }

    /** With this code, and no other. */
    public Proof(Digest expected, Rungs rungs, Sha256 sha256) {
        this.expected = expected;
        this.rungs = rungs;
        this.chain = new Chain(sha256, rungs.rung(rungs.count()), (long) rungs.count() * Chunk.SIZE_BYTES);
    }

    /**
     * Proves a whole blob, which is what remains in a buffer; the buffer stays as it is.
     *
     * @throws ProofFailed if the bytes are not the blob
     */
    public static ProvenBlob of(Digest expected, ByteBuffer bytes) throws ProofFailed {
        Proof proof = new Proof(expected);
        proof.update(bytes.duplicate());
        return proof.finish();
    }

    /** Hashes what remains in the buffer, and consumes it. */
    public void update(ByteBuffer bytes) {
        int end = bytes.limit();
        while (bytes.hasRemaining()) {
            long toRung = Chunk.SIZE_BYTES - chain.hashedBytes() % Chunk.SIZE_BYTES;
            bytes.limit((int) Math.min(end, bytes.position() + toRung));
            chain.update(bytes);
            bytes.limit(end);
            if (chain.hashedBytes() % Chunk.SIZE_BYTES == 0) {
                rungs.add(chain.value());
            }
        }
    }

    /** How many bytes were hashed so far; the next {@link #update} takes the byte at this offset. */
    public long hashedBytes() {
        return chain.hashedBytes();
    }

    /**
     * Ends the proof.
     *
     * @throws ProofFailed if the bytes are not the blob
     */
    public ProvenBlob finish() throws ProofFailed {
        long sizeBytes = chain.hashedBytes();
        Digest actual = chain.finish();
        if (!actual.equals(expected)) {
            throw new ProofFailed(expected, actual, sizeBytes);
        }
        return new ProvenBlob(expected, rungs.ladder(sizeBytes));
    }
}
