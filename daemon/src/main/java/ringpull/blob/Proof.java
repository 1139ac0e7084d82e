package ringpull.blob;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 over a blob's bytes in order. Used by one thread at a time. */
public final class Proof {
    private final Digest expected;
    private final MessageDigest sha256;
    private long hashedBytes;

    public Proof(Digest expected) {
        this.expected = expected;
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Hashes what remains in the buffer, and consumes it. */
    public void update(ByteBuffer bytes) {
        hashedBytes += bytes.remaining();
        sha256.update(bytes);
    }

    /** How many bytes were hashed so far; the next {@link #update} takes the byte at this offset. */
    public long hashedBytes() {
        return hashedBytes;
    }

    /**
     * Ends the proof.
     *
     * @throws ProofFailed if the bytes are not the blob
     */
    public ProvenBlob finish() throws ProofFailed {
        Digest actual = Digest.ofBytes(sha256.digest());
        if (!actual.equals(expected)) {
            throw new ProofFailed(expected, actual, hashedBytes);
        }
        return new ProvenBlob(expected, hashedBytes);
    }
}
