package ringpull.blob;

/** Arithmetic of chunks: 1 MiB of a blob at a multiple of 1 MiB, the last one shorter. */
public final class Chunk {
    /** Bytes in every chunk but the last: the unit of transfer, proof and bookkeeping. */
    public static final int SIZE_BYTES = 1 << 20;

    /** The largest blob that is handled: 4 TiB, so that a chunk's index fits an int. */
    public static final long BLOB_BYTES_MAX = 4L << 40;

    private Chunk() {}

    /** How many chunks a blob of this many bytes has; 0 for an empty one. */
    public static int count(long blobBytes) {
        return (int) ((blobBytes + SIZE_BYTES - 1) / SIZE_BYTES);
    }

    /** The bytes of the chunk with this index in a blob of this size. */
    public static ByteRange range(int index, long blobBytes) {
        long offset = (long) index * SIZE_BYTES;
        return new ByteRange(offset, Math.min(SIZE_BYTES, blobBytes - offset));
    }

    /** Where the last chunk of a blob begins: what lies before may be handed off while the proof is pending. */
    public static long lastOffset(long blobBytes) {
        return blobBytes == 0 ? 0 : (blobBytes - 1) / SIZE_BYTES * SIZE_BYTES;
    }
}
