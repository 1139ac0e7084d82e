package ringpull.ring;

import java.util.List;

/**
 * Changes of one member's inventory, oldest first; or a part of the whole inventory, for who has missed too many changes:
 * all blobs in some segments of the space of fingerprints.
 *
 * @param epoch of the member whose inventory it is
 * @param from version after which the changes begin; 0 for a part of the whole
 * @param to version that who had {@code from} is at with these changes; of a part, what it was at
 * @param firstSegment of a part
 * @param endSegment the one after its last segment; 0: these are changes
 */
public record Delta(
        MemberId member, long epoch, long from, long to, List<Change> changes, int firstSegment, int endSegment) {
    /** Parts of the space of fingerprints, by their highest bits. */
    static final int SEGMENTS = 1_024;

    /** An upper bound of the encoded size in bytes of a delta without its changes. */
    static final int WEIGHT = 64;

    public Delta {
        changes = List.copyOf(changes);
        Limits.within(epoch, Limits.COUNTER, "epochs");
        Limits.within(to, Limits.COUNTER, "versions");
        Limits.within(changes.size(), Limits.CHANGES_PER_MESSAGE, "changes");
        Limits.require(from >= 0 && from <= to, "the versions of a delta");
        boolean part = endSegment != 0;
        Limits.require(
                !part || (firstSegment >= 0 && firstSegment < endSegment && endSegment <= SEGMENTS),
                "the segments of an inventory");
        long last = from;
        for (Change change : changes) {
            if (part) {
                int segment = segment(change.blob());
                boolean within = segment >= firstSegment && segment < endSegment;
                Limits.require(within && change.version() == 0 && !change.removed(), "a part of an inventory");
            } else {
                Limits.require(change.version() > last && change.version() <= to, "the order of changes");
                last = change.version();
            }
        }
    }

    /** Changes. */
    public Delta(MemberId member, long epoch, long from, long to, List<Change> changes) {
        this(member, epoch, from, to, changes, 0, 0);
    }

    public boolean isPart() {
        return endSegment != 0;
    }

    static int segment(long blob) {
        return (int) (blob >>> (Long.SIZE - 10));
    }

    int weight() {
        return WEIGHT + changes.size() * Change.WEIGHT;
    }
}
