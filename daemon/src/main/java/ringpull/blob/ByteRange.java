package ringpull.blob;

/**
 * A run of bytes inside a blob.
 *
 * @param offset first byte, from 0
 * @param length number of bytes, 0 or more
 */
public record ByteRange(long offset, long length) {
    public ByteRange {
        if (offset < 0 || length < 0 || offset > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException("no such range: offset " + offset + ", length " + length);
        }
    }

    /** The byte after the last. */
    public long end() {
        return offset + length;
    }
}
