package ringpull.ring;

import java.util.List;

/** What a message asks or answers, beside the news that every message carries. */
public sealed interface Body {
    /** Are you there? Or only news. Answered by {@link Ack}. */
    record Ping() implements Body {}

    record Ack() implements Body {}

    /** Is that member there? I could not reach it. Answered by {@link Probed}. */
    record Probe(MemberId target) implements Body {}

    record Probed(boolean reached) implements Body {}

    /** All that the sender knows, as versions. Answered by {@link Synced}. */
    record Sync(List<Version> known) implements Body {
        public Sync {
            known = List.copyOf(known);
            Limits.within(known.size(), Limits.MEMBERS + 1L, "versions");
        }
    }

    /**
     * The news beside it are what the asker lacked.
     *
     * @param wanted what the answerer lacks, with what it has
     * @param more there was more than fits: ask again at once
     */
    record Synced(List<Version> wanted, boolean more) implements Body {
        public Synced {
            wanted = List.copyOf(wanted);
            Limits.within(wanted.size(), Limits.MEMBERS + 1L, "versions");
        }
    }

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
}
