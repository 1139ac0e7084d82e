package ringpull.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.blob.ProvenBlob;
import ringpull.blob.Rungs;
import ringpull.hash.Sha256;

/** Reads ladders from the index: they are too many to be kept in memory. */
final class KeptLadders {
    private final CompleteBlobs complete;
    private final Index index;
    private final DiskThreads disk;

    KeptLadders(CompleteBlobs complete, Index index, DiskThreads disk) {
        this.complete = complete;
        this.index = index;
        this.disk = disk;
    }

    Optional<Ladder> of(Digest digest) throws IOException {
        StoredBlob blob = complete.find(digest).orElse(null);
        if (blob == null) {
            return Optional.empty();
        }
        int pageCount = Ladder.pageCount(blob.sizeBytes());
        List<byte[]> pages = disk.call(() -> pages(digest, pageCount));
        boolean whole = pages.size() == pageCount;
        for (int page = 0; page < pages.size(); page++) {
            whole &= pages.get(page).length == Ladder.pageBytes(page, blob.sizeBytes());
        }
        return whole ? Optional.of(new Ladder(blob.sizeBytes(), pages)) : Optional.empty();
    }

    Optional<byte[]> page(Digest digest, int page) throws IOException {
        StoredBlob blob = complete.find(digest).orElse(null);
        if (blob == null || page < 0 || page >= Ladder.pageCount(blob.sizeBytes())) {
            return Optional.empty();
        }
        return disk.call(() -> index.ladderPage(digest, page))
                .filter(rungs -> rungs.length == Ladder.pageBytes(page, blob.sizeBytes()));
    }

    void keep(ProvenBlob proof) throws IOException {
        disk.call(() -> {
            complete.keepLadder(proof);
            return true;
        });
    }

    /** So many rungs of a partial blob, or those of the pages that are whole. */
    private Rungs rungs(Digest digest, int count) throws IOException {
        int pageCount = (count + Ladder.PAGE_RUNGS - 1) / Ladder.PAGE_RUNGS;
        List<byte[]> whole = new ArrayList<>();
        for (byte[] page : disk.call(() -> pages(digest, pageCount))) {
            int length = Math.min(Ladder.PAGE_RUNGS, count - whole.size() * Ladder.PAGE_RUNGS) * Sha256.VALUE_BYTES;
            if (page.length < length) {
                break;
            }
            whole.add(Arrays.copyOf(page, length));
        }
        return new Rungs(whole);
    }

    /** What the index has of a partial blob. */
    Front.Hashed hashed(Digest digest, Index.PartialRecord known) throws IOException {
        return new Front.Hashed(rungs(digest, known.rungs()), proof(digest, known));
    }

    /** What was checked of a partial blob, with the ladder that it was checked against; empty if that is not whole. */
    private Optional<PartialBlob.KeptProof> proof(Digest digest, Index.PartialRecord known) throws IOException {
        Index.Checked checked = known.checked().orElse(null);
        if (checked == null) {
            return Optional.empty();
        }
        List<byte[]> pages = new ArrayList<>();
        for (int page = 0; page < Ladder.pageCount(known.sizeBytes()); page++) {
            int number = page;
            Optional<byte[]> found = disk.call(() -> index.claimPage(digest, number));
            if (found.isEmpty() || found.get().length != Ladder.pageBytes(page, known.sizeBytes())) {
                return Optional.empty();
            }
            pages.add(found.get());
        }
        BitSet held = checked.held();
        held.and(known.present());
        Ladder ladder = new Ladder(known.sizeBytes(), pages);
        return Optional.of(new PartialBlob.KeptProof(new LadderProof(digest, ladder, held), checked.own()));
    }

    /** So many pages of a ladder, or those before one that is missing. */
    private List<byte[]> pages(Digest digest, int count) throws IOException {
        List<byte[]> kept = new ArrayList<>();
        for (int page = 0; page < count; page++) {
            Optional<byte[]> found = index.ladderPage(digest, page);
            if (found.isEmpty()) {
                return kept;
            }
            kept.add(found.get());
        }
        return kept;
    }
}
