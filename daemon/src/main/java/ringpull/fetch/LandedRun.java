package ringpull.fetch;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.store.PartialBlob;

/** A run of bytes of which the first so many were written: which of its chunks become present. */
record LandedRun(PartialBlob partial, ByteRange run, long landedBytes) {
    /** Told of a chunk that does not hold. */
    interface Contradiction {
        void found(LinkProof links, int chunk);
    }

    /** Tries to put right what does not hold. */
    interface Mending {
        boolean mended(LinkProof links, int chunk) throws IOException, InterruptedException;
    }

    /**
     * Makes chunks present: those that hold, or all that arrived whole where no ladder tells.
     *
     * @param links null, or no longer believed: the proof comes later
     * @return what is still absent of the run
     */
    List<ByteRange> take(@Nullable LinkProof links, Mending mending, Contradiction contradiction)
            throws IOException, InterruptedException {
        int first = Chunk.count(run.offset());
        long landedEnd = run.offset() + landedBytes;
        // A chunk that arrived in part is not present: its bytes are asked for again.
        int end = landedEnd == partial.sizeBytes() ? Chunk.count(landedEnd) : (int) (landedEnd / Chunk.SIZE_BYTES);
        BitSet taken = new BitSet();
        if (first < end) {
            taken.set(first, end);
        }
        if (links != null && links.credible() && !taken.isEmpty()) {
            BitSet failed = links.check(taken);
            for (int chunk = failed.nextSetBit(0); chunk >= 0; chunk = failed.nextSetBit(chunk + 1)) {
                if (mending.mended(links, chunk)) {
                    failed.clear(chunk);
                }
            }
            failed.stream().forEach(chunk -> contradiction.found(links, chunk));
            if (links.credible()) {
                taken.andNot(failed);
            }
        }
        List<ByteRange> absent = new ArrayList<>();
        int runEnd = Chunk.count(run.end());
        for (int chunk = first; chunk < runEnd; ) {
            boolean present = taken.get(chunk);
            int next = Math.min(runEnd, present ? taken.nextClearBit(chunk) : nextTaken(taken, chunk, runEnd));
            ByteRange part = range(chunk, next);
            if (present) {
                partial.received(part);
            } else {
                absent.add(part);
            }
            chunk = next;
        }
        if (links != null) {
            links.extendFront();
        }
        return absent;
    }

    private static int nextTaken(BitSet taken, int from, int end) {
        int next = taken.nextSetBit(from);
        return next < 0 ? end : next;
    }

    private ByteRange range(int chunk, int end) {
        long offset = (long) chunk * Chunk.SIZE_BYTES;
        return new ByteRange(offset, Math.min((long) end * Chunk.SIZE_BYTES, run.end()) - offset);
    }
}
