package ringpull.store;

import java.util.BitSet;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;

/** Which chunks of a blob are present. Safe for many threads; the counts are read without a lock. */
final class ChunkSet {
    private final long blobBytes;
    private final int chunks;
    private final BitSet present;
    private int prefixChunks;
    private volatile long prefixBytes;
    private volatile long presentBytes;

    ChunkSet(long blobBytes, BitSet present) {
        this.blobBytes = blobBytes;
        this.chunks = Chunk.count(blobBytes);
        this.present = (BitSet) present.clone();
        count();
    }

    /**
     * Adds the chunks that this range covers whole.
     *
     * @return the bytes that became present
     */
    synchronized long add(ByteRange covered) {
        int first = Chunk.count(covered.offset());
        int end = covered.end() == blobBytes ? chunks : (int) (covered.end() / Chunk.SIZE_BYTES);
        if (first >= end) {
            return 0;
        }
        long before = presentBytes;
        present.set(first, end);
        count();
        return presentBytes - before;
    }

    synchronized boolean has(int chunk) {
        return present.get(chunk);
    }

    /** Where the chunks that are as present, or as absent, as the one at this byte end, or this end. */
    synchronized long endOfRun(long at, long end) {
        int chunk = (int) (at / Chunk.SIZE_BYTES);
        int next = present.get(chunk) ? present.nextClearBit(chunk) : present.nextSetBit(chunk);
        return next < 0 ? end : Math.min(end, (long) next * Chunk.SIZE_BYTES);
    }

    synchronized BitSet copy() {
        return (BitSet) present.clone();
    }

    synchronized void clear() {
        present.clear();
        prefixChunks = 0;
        count();
    }

    private void count() {
        long bytes = (long) present.cardinality() * Chunk.SIZE_BYTES;
        if (chunks > 0 && present.get(chunks - 1)) {
            bytes -= Chunk.SIZE_BYTES - Chunk.range(chunks - 1, blobBytes).length();
        }
        presentBytes = bytes;
        prefixChunks = present.nextClearBit(prefixChunks);
        prefixBytes = Math.min((long) prefixChunks * Chunk.SIZE_BYTES, blobBytes);
    }

    /** Where the first absent chunk begins. */
    long prefixBytes() {
        return prefixBytes;
    }

    long presentBytes() {
        return presentBytes;
    }
}
