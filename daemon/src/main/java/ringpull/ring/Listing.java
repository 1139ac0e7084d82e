package ringpull.ring;

/**
 * Entries of one bucket of a {@link HashTree}, or of a whole group of buckets.
 *
 * @param wide a group
 * @param counted hashes of the entries of members that count
 * @param dead hashes that members had which are dead now
 */
public record Listing(int number, boolean wide, Hashes counted, Hashes dead) {
    static final int BYTES = 12;

    public Listing {
        Limits.within(number, (wide ? HashTree.GROUPS : HashTree.BUCKETS) - 1L, "buckets");
        Limits.within(counted.size(), Limits.ENTRIES_PER_BUCKET, "entries of a bucket");
        Limits.within(dead.size(), Limits.ENTRIES_PER_BUCKET, "entries of a bucket");
    }

    int weight() {
        return BYTES + Long.BYTES * (counted.size() + dead.size());
    }
}
