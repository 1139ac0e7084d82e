package ringpull.transport.nvmeof;

/** How a blob lies on the disk that readers see. */
final class Layout {
    /** Of a namespace: what lies beyond a multiple of it would be cut off. Also what direct reads are aligned to. */
    static final int BLOCK_BYTES = 4096;

    /**
     * Zeros before the blob, and after it: partition tables, LVM, md and file systems are looked for near the start and the
     * end of a disk, so a blob that has such a thing in it starts nothing at the reader.
     */
    static final int LEAD_BYTES = 1 << 20;

    private Layout() {}

    static long diskBytes(long blobBytes) {
        return 2L * LEAD_BYTES + Math.ceilDiv(blobBytes, (long) BLOCK_BYTES) * BLOCK_BYTES;
    }
}
