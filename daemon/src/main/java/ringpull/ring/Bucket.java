package ringpull.ring;

/**
 * The asker's hash of one bucket of a {@link HashTree}, or of a whole group of buckets; zero: it has nothing there.
 *
 * @param wide a group
 */
public record Bucket(int number, boolean wide, long hash) {
    public Bucket {
        Limits.within(number, (wide ? HashTree.GROUPS : HashTree.BUCKETS) - 1L, "buckets");
    }

    /** An upper bound of its encoded size in bytes. */
    static final int WEIGHT = 11;

    static int first(int number, boolean wide) {
        return wide ? number * HashTree.BUCKETS_IN_GROUP : number;
    }

    static int end(int number, boolean wide) {
        return wide ? (number + 1) * HashTree.BUCKETS_IN_GROUP : number + 1;
    }
}
