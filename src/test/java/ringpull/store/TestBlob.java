package ringpull.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.SplittableRandom;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.blob.ProvenBlob;

/** A blob of pseudo-random bytes, and the steps by which a store gets it. */
public final class TestBlob {
    public static final int CHUNK = Chunk.SIZE_BYTES;

    private final Digest digest;
    private final byte[] bytes;

    private TestBlob(Digest digest, byte[] bytes) {
        this.digest = digest;
        this.bytes = bytes;
    }

    public static TestBlob of(long seed, int size) {
        byte[] bytes = new byte[size];
        new SplittableRandom(seed).nextBytes(bytes);
        try {
            return new TestBlob(
                    Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes)), bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    public Digest digest() {
        return digest;
    }

    /** Not a copy. */
    public byte[] bytes() {
        return bytes;
    }

    public int size() {
        return bytes.length;
    }

    public void write(PartialBlob partial, long offset, long length) throws IOException {
        partial.write(offset, ByteBuffer.wrap(bytes, (int) offset, (int) length));
    }

    /** Writes a chunk and says so. */
    public void deliver(PartialBlob partial, int chunk) throws IOException {
        ByteRange range = Chunk.range(chunk, size());
        write(partial, range.offset(), range.length());
        partial.received(range);
    }

    public ProvenBlob proof() {
        Proof proof = new Proof(digest);
        proof.update(ByteBuffer.wrap(bytes));
        try {
            return proof.finish();
        } catch (ProofFailed e) {
            throw new AssertionError(e);
        }
    }

    /** The whole way into the store. */
    public StoredBlob store(BlobStore store) throws StoreFull, IOException {
        PartialBlob partial = store.receive(digest, size());
        write(partial, 0, size());
        partial.received(new ByteRange(0, size()));
        return partial.complete(proof(), "application/x", "registry.test/repository");
    }
}
