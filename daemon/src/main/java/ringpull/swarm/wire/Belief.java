package ringpull.swarm.wire;

import java.util.Optional;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Statement;

/** Which members are heard, and what is believed of what they say. Called on threads that may compute for a while. */
public interface Belief {
    /** Whether a member's chunks, and its wish for work, count. */
    boolean hears(MemberId member);

    /**
     * Checks a statement before the swarm hears of it.
     *
     * @param from who passed it on
     * @return the same, or one that is equal to it; empty: it does not count
     */
    Optional<Statement> believed(MemberId from, Digest digest, Statement statement);
}
