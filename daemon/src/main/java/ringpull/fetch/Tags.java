package ringpull.fetch;

import java.time.Duration;
import java.util.Optional;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;

/** What a tag means: the origin is asked; its last answer that is known stands in while it cannot be reached. */
public interface Tags {
    /** Blocks on the origin; call it on a virtual thread. */
    TagOutcome resolve(ImageName tag) throws InterruptedException;

    /** What is known of a tag. */
    sealed interface TagOutcome {
        /** @param earlier present if the origin could not be asked, and an answer of before stands in */
        record Resolved(Digest digest, String mediaType, long sizeBytes, Optional<Earlier> earlier)
                implements TagOutcome {}

        /** @param reason one word, a metric's label: {@code not_found}, {@code denied}, {@code unreachable}, … */
        record Unresolved(String reason, String detail) implements TagOutcome {}
    }

    /**
     * An answer that the origin gave before.
     *
     * @param age since it did
     * @param member name of the member that it gave it to; empty: this node
     * @param why the origin could not be asked now
     */
    record Earlier(Duration age, String member, String why) {
        /** For people. */
        @Override
        public String toString() {
            String whom = member.isEmpty() ? "" : " to " + member;
            return "what the registry said" + whom + " " + text(age) + " ago stands in: " + why;
        }

        static String text(Duration age) {
            return age.toHours() >= 2
                    ? age.toHours() + " h"
                    : age.toMinutes() >= 2 ? age.toMinutes() + " min" : age.toSeconds() + " s";
        }
    }
}
