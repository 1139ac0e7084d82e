package ringpull.ring;

/**
 * Entries of one bucket of a {@link HashTree}, or of a whole group of buckets.
 *
 * @param wide a group
 * @param counted what stands for each entry of a member that counts
 * @param dead hashes that members had which are dead now
 */
public record Listing(int number, boolean wide, Form form, Hashes counted, Hashes dead) {
    static final int BYTES = 12;
    private static final int BRIEF_SHIFT = Long.SIZE - Short.SIZE;

    /** What {@link #counted} has of each entry. */
    public enum Form {
        /** Its hash. */
        HASHES(Long.BYTES),
        /**
         * Two bytes of its hash, salted anew for each exchange: for those who want many, whom a hash in a thousand that seems
         * to match, and will not the next time, costs nothing.
         */
        BRIEF(Short.BYTES),
        /** Its state alone, in the order of members that both sides know. */
        STATES(2);

        private final int bytes;

        Form(int bytes) {
            this.bytes = bytes;
        }
    }

    public Listing {
        Limits.within(number, (wide ? HashTree.GROUPS : HashTree.BUCKETS) - 1L, "buckets");
        Limits.within(counted.size(), Limits.ENTRIES_PER_BUCKET, "entries of a bucket");
        Limits.within(dead.size(), Limits.ENTRIES_PER_BUCKET, "entries of a bucket");
    }

    int weight() {
        return BYTES + form.bytes * counted.size() + Long.BYTES * dead.size();
    }

    /** How an entry of this hash is listed. */
    long listed(long hash, long salt) {
        return form == Form.BRIEF ? brief(hash, salt) : hash;
    }

    static long brief(long hash, long salt) {
        return Fingerprint.mix(hash ^ salt) >>> BRIEF_SHIFT;
    }
}
