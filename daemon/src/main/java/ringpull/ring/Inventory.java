package ringpull.ring;

import java.util.ArrayList;
import java.util.List;

/**
 * What one member says it holds: how far that is known, and its newest changes. The blobs themselves are in the
 * {@link HolderIndex}. A node that has missed more changes than are remembered learns the whole, in parts.
 */
final class Inventory {
    /** Changes that are remembered of other members, and of this node itself. */
    static final int LOG = 64;

    static final int OWN_LOG = 1_024;

    private static final int NO_SLOT = -1;
    private static final long[] NONE = {};

    private final int remembered;
    private long[] log = NONE;
    private boolean[] removals = {};
    /** Changes after this version are in the log. */
    private long logFrom;

    private long version;
    /** While the whole arrives in parts: the next segment, and what the part that is oldest was at. */
    private int nextSegment;

    private long partsAt;
    private int held;
    private volatile int slot = NO_SLOT;
    private volatile int shown;
    private volatile long shownVersion;

    /** @param remembered changes */
    Inventory(int remembered) {
        this.remembered = remembered;
    }

    enum Outcome {
        APPLIED,
        KNOWN,
        /** Changes in between are missing. */
        GAP
    }

    long version() {
        return version;
    }

    /** The segment with which the whole inventory is to go on, if it arrives in parts. */
    int nextSegment() {
        return nextSegment;
    }

    /** Blobs that it says it holds. For any thread. */
    int held() {
        return shown;
    }

    /** For any thread. */
    long shownVersion() {
        return shownVersion;
    }

    /** In the index; -1 if it has none yet. For any thread. */
    int slot() {
        return slot;
    }

    /** This node's own: a new blob. False if that is known, or one too many. */
    boolean hold(HolderIndex index, int self, long blob, long sizeBytes) {
        claimSlot(index, self);
        if (held >= Limits.INVENTORY_ENTRIES || index.sizeAt(slot, blob) == sizeBytes) {
            return false;
        }
        change(index, new Change(version + 1, blob, sizeBytes));
        return true;
    }

    /** This node's own: a blob is gone. */
    boolean drop(HolderIndex index, long blob) {
        if (index.sizeAt(slot, blob) < 0) {
            return false;
        }
        change(index, new Change(version + 1, blob, Change.REMOVED));
        return true;
    }

    /** Whether the changes after this version are remembered. */
    boolean remembers(long from) {
        return from >= logFrom;
    }

    /** What a node lacks that is at this version, at most so many changes; the rest when it has these. */
    Delta since(Rumor owner, HolderIndex index, long from, int most) {
        long to = Math.min(version, from + most);
        List<Change> changes = new ArrayList<>((int) (to - from));
        for (long v = from + 1; v <= to; v++) {
            int at = (int) (v % log.length);
            boolean removed = removals[at];
            long size = removed ? Change.REMOVED : Math.max(0, index.sizeAt(slot, log[at]));
            changes.add(new Change(v, log[at], size));
        }
        return new Delta(owner.id(), owner.epoch(), from, to, changes);
    }

    Outcome apply(Delta delta, HolderIndex index, int owner) {
        if (delta.to() <= version) {
            return Outcome.KNOWN;
        }
        claimSlot(index, owner);
        return delta.isPart() ? applyPart(delta, index) : applyChanges(delta, index);
    }

    private Outcome applyChanges(Delta delta, HolderIndex index) {
        if (delta.from() > version) {
            return Outcome.GAP;
        }
        nextSegment = 0;
        for (Change change : delta.changes()) {
            if (change.version() > version) {
                change(index, change);
            }
        }
        advance(delta.to());
        return Outcome.APPLIED;
    }

    private Outcome applyPart(Delta part, HolderIndex index) {
        if (part.firstSegment() != nextSegment) {
            return Outcome.GAP;
        }
        partsAt = nextSegment == 0 ? part.to() : Math.min(partsAt, part.to());
        if (held > 0) {
            held -= index.retain(slot, part.firstSegment(), part.endSegment(), part.changes());
        }
        for (Change blob : part.changes()) {
            if (held < Limits.INVENTORY_ENTRIES) {
                held += index.add(slot, blob.blob(), blob.sizeBytes(), 0) ? 1 : 0;
            }
        }
        shown = held;
        nextSegment = part.endSegment();
        if (nextSegment == Delta.SEGMENTS) {
            nextSegment = 0;
            if (partsAt > version) {
                advance(partsAt);
            }
        }
        return Outcome.APPLIED;
    }

    private void claimSlot(HolderIndex index, int owner) {
        if (slot == NO_SLOT) {
            slot = index.slotFor(owner);
        }
    }

    private void change(HolderIndex index, Change change) {
        boolean wasHeld = index.remove(slot, change.blob());
        boolean isHeld = !change.removed()
                && held < Limits.INVENTORY_ENTRIES
                && index.add(slot, change.blob(), change.sizeBytes(), change.version());
        held += (isHeld ? 1 : 0) - (wasHeld ? 1 : 0);
        shown = held;
        if (change.version() == version + 1) {
            remember(change);
            version++;
            shownVersion = version;
        } else {
            advance(change.version());
        }
    }

    /** To a version whose changes in between are not known. */
    private void advance(long to) {
        if (to > version) {
            version = to;
            shownVersion = to;
            logFrom = to;
        }
    }

    private void remember(Change change) {
        long version = change.version();
        long kept = version - 1 - logFrom;
        if (kept >= log.length && log.length < remembered) {
            grow(Math.min(remembered, Math.max(4, 2 * log.length)));
        }
        int at = (int) (version % log.length);
        log[at] = change.blob();
        removals[at] = change.removed();
        logFrom = Math.max(logFrom, version - log.length);
    }

    private void grow(int length) {
        long[] blobs = new long[length];
        boolean[] removed = new boolean[length];
        for (long v = logFrom + 1; v <= version; v++) {
            blobs[(int) (v % length)] = log[(int) (v % log.length)];
            removed[(int) (v % length)] = removals[(int) (v % log.length)];
        }
        log = blobs;
        removals = removed;
    }
}
