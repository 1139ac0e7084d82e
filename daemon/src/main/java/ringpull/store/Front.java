package ringpull.store;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.blob.Rungs;
import ringpull.store.PartialBlob.KeptProof;

/**
 * What was hashed of a partial blob, from its front or by a ladder, and what the index knows of that. It is recorded only
 * beside its chunks: their bytes are on disk then and do not change any more. Safe for many threads.
 */
final class Front {
    private final Digest digest;
    private final long sizeBytes;
    private final int rungsMax;
    private BitSet recordedPresent;
    private int recordedRungs;
    private Rungs rungs = new Rungs();
    private @Nullable KeptProof kept;
    private Optional<Index.Checked> recordedChecked;

    /** The ladder of a proof that the index has; another one replaces it whole. */
    private Optional<Ladder> recordedLadder = Optional.empty();

    /** Where to go on: what an earlier life has hashed, which the index has. */
    record Hashed(Rungs rungs, Optional<KeptProof> proof) {
        static Hashed nothing() {
            return new Hashed(new Rungs(), Optional.empty());
        }
    }

    Front(Digest digest, Index.PartialRecord known) {
        this.digest = digest;
        this.sizeBytes = known.sizeBytes();
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
    private record News(
            int rungs,
            int firstPage,
            List<byte[]> pages,
            Optional<Index.Checked> checked,
            Optional<Ladder> ladder,
            boolean isNewLadder) {}

    synchronized void begin(Hashed hashed) {
        rungs = hashed.rungs;
        recordedRungs = hashed.rungs.count();
        kept = hashed.proof.orElse(null);
        recordedLadder = ladder();
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
    synchronized Index.PartialRecord record(boolean allocated, BitSet present, Instant lastUse) {
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

    /**
     * Records these chunks, and what is known of them by now: they do not change any more, so it stays true. Called by one
     * thread at a time.
     */
    void write(Index index, BitSet present, boolean allocated, Instant lastUse, boolean durable) throws IOException {
        News news = news(present);
        Index.PartialRecord record =
                new Index.PartialRecord(sizeBytes, allocated, present, news.rungs, lastUse, news.checked);
        if (news.isNewLadder) {
            // What was checked against another ladder says nothing of this one: it goes first, whenever we die.
            index.partial(digest, record.unchecked(), false, news.firstPage, news.pages);
            index.claim(digest, news.ladder.orElseThrow().pages(0));
        }
        index.partial(digest, record, durable, news.firstPage, news.pages);
        recorded(present, news);
    }

    private synchronized News news(BitSet present) {
        int count = recordable(present);
        int firstPage = recordedRungs / Ladder.PAGE_RUNGS;
        List<byte[]> pages = new ArrayList<>();
        for (int page = firstPage; page * Ladder.PAGE_RUNGS < count; page++) {
            pages.add(rungs.page(page, count));
        }
        Optional<Ladder> ladder = ladder();
        boolean isNew = ladder.isPresent() && !ladder.equals(recordedLadder);
        return new News(count, firstPage, pages, checked(present), ladder, isNew);
    }

    private Optional<Ladder> ladder() {
        return kept().map(KeptProof::proof).map(LadderProof::ladder);
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

    private synchronized void recorded(BitSet present, News news) {
        recordedPresent = (BitSet) present.clone();
        recordedRungs = news.rungs;
        recordedChecked = news.checked;
        recordedLadder = news.ladder;
    }

    /** Nothing that was hashed is true any more. */
    synchronized void restart() {
        rungs = new Rungs();
        recordedRungs = 0;
        kept = null;
    }
}
