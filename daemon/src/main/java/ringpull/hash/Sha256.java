package ringpull.hash;

import java.nio.ByteBuffer;

/**
 * The compression function of SHA-256 (FIPS 180-4), which {@link java.security.MessageDigest} hides: it goes on from any
 * chaining value and says the one that it came to. Several independent chains, one a <em>lane</em>, are taken at a time,
 * because one alone leaves most of a core idle.
 *
 * <p>Safe for any number of threads on buffers of their own. A call keeps its core busy until it ends, and a virtual
 * thread's carrier with it: call it on platform threads, with no more than some hundred KiB.
 */
public sealed interface Sha256 permits NativeSha256, JavaSha256 {
    /** Bytes that are compressed at a time. */
    int BLOCK_BYTES = 64;

    /** Bytes of a chaining value, in the order of a digest. */
    int VALUE_BYTES = 32;

    /** For status and logs: which code hashes, and with which instructions. */
    String name();

    /**
     * Compresses blocks of several lanes. Lane i's chaining value is the {@value #VALUE_BYTES} bytes after {@code i *
     * VALUE_BYTES} in {@code values}, and is replaced; its blocks begin at {@code i * stride} in {@code data}. Both count
     * from the buffers' positions, which stay.
     *
     * @param values direct
     * @param data direct
     */
    void compress(ByteBuffer values, ByteBuffer data, int stride, int blocks, int lanes);

    /** libringpull, if there is one for this processor beside the jar, else Java. Found at the first call, which takes a while. */
    static Sha256 fastest() {
        return Fastest.INSTANCE;
    }

    /** The same in Java, on any host. */
    static Sha256 java() {
        return new JavaSha256();
    }

    /** The first chaining value of every hash: FIPS 180-4, section 5.3.3. A new buffer. */
    static byte[] initialValue() {
        ByteBuffer value = ByteBuffer.allocate(VALUE_BYTES);
        value.putInt(0x6a09e667).putInt(0xbb67ae85).putInt(0x3c6ef372).putInt(0xa54ff53a);
        value.putInt(0x510e527f).putInt(0x9b05688c).putInt(0x1f83d9ab).putInt(0x5be0cd19);
        return value.array();
    }
}
