package ringpull.store;

import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.blob.Rungs;
import ringpull.store.PartialBlob.KeptProof;

/**
 * What was hashed of a partial blob, from its front or by a ladder, and what the index knows of that. It is recorded only
 * beside its chunks: their bytes are on disk then and do not change any more. Safe for many threads.
 */
final class Front {
    private final int rungsMax;
    private BitSet recordedPresent;
    private int recordedRungs;
    private Rungs rungs = new Rungs();
    private @Nullable KeptProof kept;
    private Optional<Index.Checked> recordedChecked;

    /** The proof whose ladder the index has; another one replaces it whole. */
    private @Nullable KeptProof recordedClaim;

    Front(long sizeBytes, Index.PartialRecord known) {
        // The value behind the last chunk is no rung of the ladder: the digest follows there.
        this.rungsMax = Ladder.rungCount(sizeBytes);
        this.recordedPresent = known.present();
        this.recordedRungs = known.rungs();
        this.recordedChecked = known.checked();
    }

    /**
     * What is to be recorded: so many rungs, and the pages that have changed; what fits the ladder that is kept, and that
     * ladder itself where the index does not have it.
     */
    record News(
            int rungs,
            int firstPage,
            List<byte[]> pages,
            Optional<Index.Checked> checked,
            @Nullable KeptProof claim,
            Optional<Ladder> newClaim) {}

    /** Goes on with these, which the index has. */
    synchronized void begin(Rungs hashed, Optional<KeptProof> checked) {
        rungs = hashed;
        recordedRungs = hashed.count();
        kept = checked.orElse(null);
        recordedClaim = kept;
    }

    synchronized Rungs rungs() {
        return rungs;
    }

    synchronized Optional<KeptProof> kept() {
        return Optional.ofNullable(kept);
    }

    synchronized void keep(KeptProof proof) {
        kept = proof;
    }

    /** What the index knows, of these chunks. */
    synchronized Index.PartialRecord record(long sizeBytes, boolean allocated, BitSet present, Instant lastUse) {
        return new Index.PartialRecord(sizeBytes, allocated, present, recordedRungs, lastUse, recordedChecked);
    }

    synchronized BitSet recordedPresent() {
        return (BitSet) recordedPresent.clone();
    }

    /** Whether more was hashed of the chunks that are recorded. */
    synchronized boolean hasNews() {
        return recordable(recordedPresent) > recordedRungs
                || !checked(recordedPresent).equals(recordedChecked);
    }

    /** What may be recorded once these chunks are. */
    synchronized News news(BitSet present) {
        int count = recordable(present);
        int firstPage = recordedRungs / Ladder.PAGE_RUNGS;
        List<byte[]> pages = new ArrayList<>();
        for (int page = firstPage; page * Ladder.PAGE_RUNGS < count; page++) {
            pages.add(rungs.page(page, count));
        }
        Optional<Ladder> newClaim = kept == recordedClaim
                ? Optional.empty()
                : kept().map(KeptProof::proof).map(LadderProof::ladder);
        return new News(count, firstPage, pages, checked(present), kept, newClaim);
    }

    private int recordable(BitSet present) {
        return Math.min(Math.min(rungs.count(), present.nextClearBit(0)), rungsMax);
    }

    private Optional<Index.Checked> checked(BitSet present) {
        KeptProof by = kept;
        if (by == null) {
            return Optional.empty();
        }
        BitSet held = by.proof().held();
        held.and(present);
        return Optional.of(new Index.Checked(by.own(), held));
    }

    synchronized void recorded(BitSet present, News news) {
        recordedPresent = (BitSet) present.clone();
        recordedRungs = news.rungs;
        recordedChecked = news.checked;
        recordedClaim = news.claim;
    }

    /** Nothing that was hashed is true any more. */
    synchronized void restart() {
        rungs = new Rungs();
        recordedRungs = 0;
        kept = null;
    }
}
