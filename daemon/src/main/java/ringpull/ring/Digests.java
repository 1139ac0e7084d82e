package ringpull.ring;

/** The hash trees of what a node knows: of its members, and of their inventories. */
final class Digests {
    private static final int HASH_BITS = 54;
    private static final long HASH_MASK = (1L << HASH_BITS) - 1;

    private final MemberTable table;
    private final HashTree members = new HashTree();
    private final HashTree inventories = new HashTree();
    private long identities;

    Digests(MemberTable table) {
        this.table = table;
    }

    HashTree members() {
        return members;
    }

    HashTree inventories() {
        return inventories;
    }

    /** A hash of who the members that count are, whatever their states. */
    long identities() {
        return identities;
    }

    /** A member's part of that; zero if it does not count. */
    long identity(int member) {
        return table.counts(member) ? identityInLife(member) : 0;
    }

    /** The same of a member that is dead, as it was. */
    long identityInLife(int member) {
        return Fingerprint.mix(
                ~table.key(member) + Fingerprint.mix(table.member(member).epoch()));
    }

    /** The hash of a member's entry; zero if it does not count. */
    long ofMember(int member) {
        return table.counts(member) ? inLife(member) : 0;
    }

    /** The same of a member that is dead, as it was. */
    long inLife(int member) {
        return ofMember(member, table.incarnation(member), table.eligible(member));
    }

    /** Says in one number who died and in which state: its bucket, and what else fits of the hash that it had. */
    long death(int member) {
        return ((long) table.bucket(member) << HASH_BITS) | (inLife(member) & HASH_MASK);
    }

    /** The member that is meant by such a number, if it is known here as it is there; else {@link Directory#NONE}. */
    int ofDeath(long death) {
        for (int member : table.of((int) (death >>> HASH_BITS), false)) {
            if (((inLife(member) ^ death) & HASH_MASK) == 0) {
                return member;
            }
        }
        return Directory.NONE;
    }

    /** The one that it would have with these. */
    long ofMember(int member, long incarnation, boolean eligible) {
        return Fingerprint.mix(table.key(member)
                + Fingerprint.mix(table.member(member).epoch() << 1 | (eligible ? 1 : 0))
                + Fingerprint.mix(~incarnation));
    }

    /** To be called when a member has changed, with its hash and identity before. */
    void memberChanged(int member, long hashBefore, long identityBefore) {
        members.toggle(table.bucket(member), hashBefore ^ ofMember(member));
        identities ^= identityBefore ^ identity(member);
    }

    /** The hash of its inventory's entry; zero if there is nothing in it. */
    long ofInventory(int member) {
        Inventory inventory = table.inventoryOrNull(member);
        return inventory == null || inventory.version() == 0
                ? 0
                : Fingerprint.mix(table.key(member)
                        + Fingerprint.mix(table.member(member).epoch())
                        + Fingerprint.mix(~inventory.version()));
    }

    /** To be called when an inventory has changed, with its hash before. */
    void inventoryChanged(int member, long hashBefore) {
        inventories.toggle(table.bucket(member), hashBefore ^ ofInventory(member));
    }
}
