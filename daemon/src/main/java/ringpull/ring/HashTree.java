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

    /** Up to so many entries a group is compared entry by entry, without looking at its buckets first. */
    static final int SMALL = 64;

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
        for (int group = 0; group < GROUPS; group++) {
            groups[group] = group(group);
        }
        return Hashes.of(groups, GROUPS);
    }

    private long group(int group) {
        long hash = 0;
        for (int i = 0; i < BUCKETS_IN_GROUP; i++) {
            hash ^= buckets[group * BUCKETS_IN_GROUP + i];
        }
        return hash;
    }

    /** The hash of a span of buckets. */
    long at(Bucket span) {
        return span.wide() ? group(span.number()) : buckets[span.number()];
    }
}
