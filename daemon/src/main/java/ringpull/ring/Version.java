package ringpull.ring;

/**
 * How much a node knows about a member: an entry of a version vector.
 *
 * @param inventory version of the member's inventory
 * @param base see {@link Inventory}
 */
public record Version(
        MemberId member, long epoch, long incarnation, Membership.Status status, long inventory, long base) {
    public Version {
        Limits.within(epoch, Limits.COUNTER, "epochs");
        Limits.within(incarnation, Limits.COUNTER, "incarnations");
        Limits.within(inventory, Limits.COUNTER, "versions");
        Limits.within(base, Limits.COUNTER, "versions");
    }

    static Version nothing(MemberId member) {
        return new Version(member, 0, 0, Membership.Status.ALIVE, 0, 0);
    }
}
