package ringpull.blob;

import java.nio.ByteBuffer;
import ringpull.hash.Sha256;

/** One SHA-256 chain: goes on from a chaining value at a multiple of {@link Sha256#BLOCK_BYTES}. Used by one thread at a time. */
public final class Chain {
    private static final int STAGING_BYTES = 16 << 10;
    private static final int LENGTH_BYTES = Long.BYTES;

    private final Sha256 sha256;
    private final ByteBuffer value;

    /** A block that is not full yet; at the end, with its padding, two. */
    private final ByteBuffer open;

    private ByteBuffer staging = ByteBuffer.allocate(0);
    private long hashedBytes;

    /** From the first byte on, by what is fastest here. */
    public Chain() {
        this(Sha256.fastest(), Sha256.initialValue(), 0);
    }

    /** @param start the chaining value after so many bytes */
    Chain(Sha256 sha256, byte[] start, long startBytes) {
        if (startBytes % Sha256.BLOCK_BYTES != 0) {
            throw new IllegalArgumentException("no block begins at " + startBytes);
        }
        this.sha256 = sha256;
        ByteBuffer memory = ByteBuffer.allocateDirect(Sha256.VALUE_BYTES + 2 * Sha256.BLOCK_BYTES);
        value = memory.slice(0, Sha256.VALUE_BYTES).put(start).flip();
        open = memory.slice(Sha256.VALUE_BYTES, 2 * Sha256.BLOCK_BYTES);
        hashedBytes = startBytes;
    }

    long hashedBytes() {
        return hashedBytes;
    }

    /** Hashes what remains in the buffer, and consumes it. */
    public void update(ByteBuffer bytes) {
        hashedBytes += bytes.remaining();
        if (open.position() > 0) {
            fillOpenBlock(bytes);
        }
        if (bytes.isDirect()) {
            compressWhole(bytes);
        } else {
            while (bytes.remaining() >= Sha256.BLOCK_BYTES) {
                compressWhole(staged(bytes));
            }
        }
        open.put(bytes);
    }

    private void fillOpenBlock(ByteBuffer bytes) {
        int length = Math.min(bytes.remaining(), Sha256.BLOCK_BYTES - open.position());
        open.put(open.position(), bytes, bytes.position(), length);
        open.position(open.position() + length);
        bytes.position(bytes.position() + length);
        if (open.position() == Sha256.BLOCK_BYTES) {
            compressWhole(open.flip());
            open.clear();
        }
    }

    /** Native code reads no heap: whole blocks of it are copied. */
    private ByteBuffer staged(ByteBuffer bytes) {
        if (staging.capacity() == 0) {
            staging = ByteBuffer.allocateDirect(STAGING_BYTES);
        }
        int length = Math.min(bytes.remaining() / Sha256.BLOCK_BYTES * Sha256.BLOCK_BYTES, STAGING_BYTES);
        staging.clear().put(0, bytes, bytes.position(), length).limit(length);
        bytes.position(bytes.position() + length);
        return staging;
    }

    private void compressWhole(ByteBuffer bytes) {
        int blocks = bytes.remaining() / Sha256.BLOCK_BYTES;
        if (blocks > 0) {
            sha256.compress(value, bytes, 0, blocks, 1);
            bytes.position(bytes.position() + blocks * Sha256.BLOCK_BYTES);
        }
    }

    /** The chaining value; only where a block ends. */
    byte[] value() {
        if (open.position() > 0) {
            throw new IllegalStateException("no chaining value after " + hashedBytes + " bytes");
        }
        byte[] copy = new byte[Sha256.VALUE_BYTES];
        value.get(0, copy);
        return copy;
    }

    /** The digest of all bytes; what comes then begins a chain from the first byte on. */
    public Digest finish() {
        open.put((byte) 0x80);
        int end = open.position() <= Sha256.BLOCK_BYTES - LENGTH_BYTES ? Sha256.BLOCK_BYTES : 2 * Sha256.BLOCK_BYTES;
        while (open.position() < end - LENGTH_BYTES) {
            open.put((byte) 0);
        }
        open.putLong(hashedBytes * Byte.SIZE);
        compressWhole(open.flip());
        open.clear();
        Digest digest = Digest.ofBytes(value());
        value.put(0, Sha256.initialValue());
        hashedBytes = 0;
        return digest;
    }
}
