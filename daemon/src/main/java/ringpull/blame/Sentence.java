package ringpull.blame;

import ringpull.ring.MemberId;

/**
 * How a member stands with this node.
 *
 * @param untilMillis when it ends, since 1970 UTC
 * @param offences how often it was quarantined
 */
public record Sentence(MemberId member, Kind kind, long untilMillis, int offences, String reason) {
    /** What it means for the member. */
    public enum Kind {
        /** Asked after others. */
        LOWERED,
        /** Neither read from nor believed. */
        QUARANTINED
    }
}
