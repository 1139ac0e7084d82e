package ringpull.ring;

import java.util.List;

/** What a message asks or answers, beside the news that every message carries. */
public sealed interface Body {
    /** Are you there? Or only news. Answered by {@link Ack}. */
    record Ping() implements Body {}

    record Ack() implements Body {}

    /** Is that member there? I could not reach it. Answered by {@link Probed}. */
    record Probe(MemberId target) implements Body {}

    /**
     * @param reached false: SWIM's negative acknowledgement, which says that the helper itself is well
     * @param inVain the helper called the target itself, and had no answer
     */
    record Probed(boolean reached, boolean inVain) implements Body {}

    /** What a digest exchange is about. */
    enum Part {
        MEMBERS,
        INVENTORIES,
        /** Of members that both know. */
        STATES
    }

    /**
     * Do we know the same? The roots of the asker's {@link HashTree}s. Answered by {@link Compared}.
     *
     * @param known members that count, as the asker knows them: who knows far fewer is told of some
     * @param identities a hash of who they are, which is the same while their states change
     */
    record Compare(long members, long inventories, int known, long identities) implements Body {
        public Compare {
            Limits.within(known, Limits.MEMBERS, "members");
        }
    }

    /**
     * The answerer's groups; none where the roots are equal.
     *
     * @param known members that count, as the answerer knows them: in a large ring one joins at leisure
     * @param sameMembers both know the same ones, though perhaps not their latest states
     */
    record Compared(Hashes members, Hashes inventories, int known, boolean sameMembers) implements Body {
        public Compared {
            Limits.within(known, Limits.MEMBERS, "members");
            Limits.require(
                    (members.size() == 0 || members.size() == HashTree.GROUPS)
                            && (inventories.size() == 0 || inventories.size() == HashTree.GROUPS),
                    "the number of groups");
        }
    }

    /**
     * The asker's hashes where groups differ. Answered by {@link Listed} or {@link Busy}.
     *
     * @param salt of {@link Listing#brief} hashes, if members may be listed by them; 0: not
     */
    record Compares(Part part, List<Bucket> buckets, long salt) implements Body {
        public Compares {
            buckets = List.copyOf(buckets);
            Limits.within(buckets.size(), HashTree.BUCKETS, "buckets");
        }
    }

    /**
     * The answerer's entries in buckets that differ; beside it, members of those that are empty at the asker.
     *
     * @param done so many of the buckets that were asked for, from the first, were looked at; the rest did not fit
     */
    record Listed(Part part, List<Listing> listings, int done) implements Body {
        public Listed {
            listings = List.copyOf(listings);
            Limits.within(done, HashTree.BUCKETS, "buckets");
            entriesOf(listings);
        }
    }

    /**
     * Beside it is what the answerer lacks. Answered by {@link Repaired} or {@link Busy}.
     *
     * @param wanted entries that the asker lacks, and those that are dead as far as it knows
     * @param known inventories of which the asker may lack something, with what it has
     * @param salt of brief hashes in the listings
     */
    record Repair(List<Listing> wanted, List<Version> known, long salt) implements Body {
        public Repair {
            wanted = List.copyOf(wanted);
            known = List.copyOf(known);
            entriesOf(wanted);
            Limits.within(known.size(), Limits.VERSIONS_PER_MESSAGE, "versions");
        }
    }

    /** @param wanted inventories of which the answerer lacks something, with what it has */
    record Repaired(List<Version> wanted) implements Body {
        public Repaired {
            wanted = List.copyOf(wanted);
            Limits.within(wanted.size(), Limits.VERSIONS_PER_MESSAGE, "versions");
        }
    }

    /** Too many ask this member: try another; beside it are some, for who knows few. */
    record Busy() implements Body {}

    /** Can you dial my ports? Answered by {@link Checked}. */
    record Check() implements Body {}

    /** @param problem empty if they can be dialled */
    record Checked(String problem) implements Body {
        public Checked {
            Limits.name(problem, 0, Limits.PROBLEM_CHARS, "problem");
        }
    }

    /** Something that a newer release knows. */
    record Unknown() implements Body {}

    private static void entriesOf(List<Listing> listings) {
        Limits.within(listings.size(), HashTree.BUCKETS, "buckets");
        long entries = 0;
        for (Listing listing : listings) {
            entries += listing.counted().size() + listing.dead().size();
        }
        Limits.within(entries, Limits.HASHES_PER_MESSAGE, "entries");
    }
}
