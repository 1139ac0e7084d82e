package ringpull.hash;

import java.nio.ByteBuffer;

/** What native code must be able to rely on. */
final class Bounds {
    private Bounds() {}

    static void check(ByteBuffer values, ByteBuffer data, int stride, int blocks, int lanes) {
        long dataBytes = (long) (lanes - 1) * stride + (long) blocks * Sha256.BLOCK_BYTES;
        if (stride < 0 || blocks < 0 || lanes < 1 || dataBytes > data.remaining()) {
            throw new IllegalArgumentException(blocks + " blocks in each of " + lanes + " lanes, " + stride
                    + " bytes apart, are not in " + data.remaining() + " bytes");
        }
        if ((long) lanes * Sha256.VALUE_BYTES > values.remaining() || values.isReadOnly()) {
            throw new IllegalArgumentException("no room for " + lanes + " chaining values");
        }
        if (!values.isDirect() || !data.isDirect()) {
            throw new IllegalArgumentException("buffers on the heap move: direct ones are needed");
        }
    }
}
