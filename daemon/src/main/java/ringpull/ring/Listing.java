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
         * Two bytes of a hash of who it is, salted anew for each exchange: for those who want many, whom a hash in a thousand
         * that seems to match, and will not the next time, costs nothing; their states come later.
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
        form = counted.size() == 0 ? Form.HASHES : form;
        Limits.within(number, (wide ? HashTree.GROUPS : HashTree.BUCKETS) - 1L, "buckets");
        Limits.within(counted.size(), Limits.ENTRIES_PER_BUCKET, "entries of a bucket");
        Limits.within(dead.size(), Limits.ENTRIES_PER_BUCKET, "entries of a bucket");
    }

    int weight() {
        return BYTES + form.bytes * counted.size() + Long.BYTES * dead.size();
    }

    /** How a member, as it is or was in life, is listed. */
    long listed(Digests digests, int member, long salt) {
        return form == Form.BRIEF ? brief(digests, member, salt) : digests.inLife(member);
    }

    static long brief(Digests digests, int member, long salt) {
        return Fingerprint.mix(digests.identityInLife(member) ^ salt) >>> BRIEF_SHIFT;
    }
}
