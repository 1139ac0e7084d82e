package ringpull.store;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import ringpull.blob.Ladder;
import ringpull.blob.Rungs;

/**
 * How far a partial blob was hashed from its front, and what the index knows of that. A rung is recorded only beside its
 * chunks: their bytes are on disk then and do not change any more. Safe for many threads.
 */
final class Front {
    private final int rungsMax;
    private BitSet recordedPresent;
    private int recordedRungs;
    private Rungs rungs = new Rungs();

    Front(long sizeBytes, Index.PartialRecord known) {
        // The value behind the last chunk is no rung of the ladder: the digest follows there.
        this.rungsMax = Ladder.rungCount(sizeBytes);
        this.recordedPresent = known.present();
        this.recordedRungs = known.rungs();
    }

    /** What is to be recorded: so many rungs, and the pages that have changed. */
    record News(int rungs, int firstPage, List<byte[]> pages) {}

    /** Goes on with these, which the index has. */
    synchronized void begin(Rungs hashed) {
        rungs = hashed;
        recordedRungs = hashed.count();
    }

    synchronized Rungs rungs() {
        return rungs;
    }

    synchronized int recordedRungs() {
        return recordedRungs;
    }

    synchronized BitSet recordedPresent() {
        return (BitSet) recordedPresent.clone();
    }

    /** Whether more was hashed of the chunks that are recorded. */
    synchronized boolean hasNews() {
        return recordable(recordedPresent) > recordedRungs;
    }

    /** What may be recorded once these chunks are. */
    synchronized News news(BitSet present) {
        int count = recordable(present);
        int firstPage = recordedRungs / Ladder.PAGE_RUNGS;
        List<byte[]> pages = new ArrayList<>();
        for (int page = firstPage; page * Ladder.PAGE_RUNGS < count; page++) {
            pages.add(rungs.page(page, count));
        }
        return new News(count, firstPage, pages);
    }

    private int recordable(BitSet present) {
        return Math.min(Math.min(rungs.count(), present.nextClearBit(0)), rungsMax);
    }

    synchronized void recorded(BitSet present, int count) {
        recordedPresent = (BitSet) present.clone();
        recordedRungs = count;
    }

    /** Nothing that was hashed is true any more. */
    synchronized void restart() {
        rungs = new Rungs();
        recordedRungs = 0;
    }
}
