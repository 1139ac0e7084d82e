package ringpull.fetch;

import java.util.BitSet;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;

/**
 * Which bytes of a blob may leave before all are proven: chunks, but never the last one, unless all may. Grows, until
 * something was refuted. Safe for many threads.
 */
final class Released {
    private final long sizeBytes;
    private final boolean early;
    private final BitSet chunks = new BitSet();
    private boolean all;
    private boolean handedOff;
    private boolean refuted;

    /** @param early whether anything may leave before the proof */
    Released(long sizeBytes, boolean early) {
        this.sizeBytes = sizeBytes;
        this.early = early;
    }

    long sizeBytes() {
        return sizeBytes;
    }

    /** Lets the chunks go that this range covers whole. */
    void add(ByteRange covered) {
        int first = Chunk.count(covered.offset());
        BitSet run = new BitSet();
        run.set(first, Math.max(first, (int) (covered.end() / Chunk.SIZE_BYTES)));
        add(run);
    }

    synchronized void add(BitSet more) {
        if (early && !refuted) {
            chunks.or(more);
            int last = Math.max(0, Chunk.count(sizeBytes) - 1);
            chunks.clear(last, Math.max(last, chunks.length()));
        }
    }

    /** Chunks that were proven once: even the last may leave. */
    synchronized void addProven(BitSet more) {
        if (!refuted) {
            chunks.or(more);
        }
    }

    /** The whole digest is proven. */
    synchronized void addAll() {
        all = true;
    }

    synchronized boolean isEmpty() {
        return !all && chunks.isEmpty();
    }

    /** Where the bytes end that may leave from this one on; the offset itself if it may not. */
    synchronized long end(long offset) {
        if (all) {
            return Math.max(offset, sizeBytes);
        }
        int next = chunks.nextClearBit((int) (offset / Chunk.SIZE_BYTES));
        return Math.max(offset, Math.min(sizeBytes, (long) next * Chunk.SIZE_BYTES));
    }

    /** Bytes are about to leave; false, and they must not, if something was refuted meanwhile. */
    synchronized boolean handOff() {
        if (all) {
            return true; // proven in the end, whatever was refuted before
        }
        handedOff |= !refuted;
        return !refuted;
    }

    synchronized boolean isHandedOff() {
        return handedOff;
    }

    /** What has come is not the blob: nothing leaves any more. */
    synchronized void refute() {
        refuted = true;
        chunks.clear();
    }
}
