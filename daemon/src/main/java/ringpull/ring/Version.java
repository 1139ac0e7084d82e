package ringpull.ring;

/**
 * How much a node knows of a member's inventory: an entry of a version vector.
 *
 * @param inventory version of the member's inventory
 * @param segment the one with which the whole inventory is to go on, if it arrives in parts
 */
public record Version(MemberId member, long epoch, long inventory, int segment) {
    /** An upper bound of its encoded size in bytes. */
    static final int WEIGHT = 44;

    public Version {
        Limits.within(epoch, Limits.COUNTER, "epochs");
        Limits.within(inventory, Limits.COUNTER, "versions");
        Limits.within(segment, Delta.SEGMENTS - 1L, "segments");
    }
}
