package ringpull.ring;

/**
 * Says in eight bytes whether two nodes know the same, and in few more where they differ: a root over groups over
 * buckets over entries. Each hash is the exclusive or of the ones below it, so that a change costs the same however many
 * entries there are.
 */
final class HashTree {
    static final int GROUPS = 32;
    static final int BUCKETS_IN_GROUP = 32;
    static final int BUCKETS = GROUPS * BUCKETS_IN_GROUP;

    private final long[] buckets = new long[BUCKETS];
    private long root;

    /** The bucket of a member. */
    static int bucket(long key) {
        return (int) (key >>> (Long.SIZE - 10));
    }

    /** Puts an entry in, or takes it out; or both, with the exclusive or of two hashes. */
    void toggle(int bucket, long hash) {
        buckets[bucket] ^= hash;
        root ^= hash;
    }

    long root() {
        return root;
    }

    /** The hash of a bucket; zero if it is empty. */
    long at(int bucket) {
        return buckets[bucket];
    }

    Hashes groups() {
        long[] groups = new long[GROUPS];
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            groups[bucket / BUCKETS_IN_GROUP] ^= buckets[bucket];
        }
        return Hashes.of(groups, GROUPS);
    }
}
