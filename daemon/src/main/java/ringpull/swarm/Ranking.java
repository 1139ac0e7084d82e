package ringpull.swarm;

import java.util.List;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** What a swarm knows of the ring, in this node's own view. */
public interface Ranking {
    /**
     * The first eligible members (alive or suspect, and past their first full sync) in the rendezvous order of a digest.
     *
     * @param rack only members of this rack; empty: of any
     */
    List<MemberId> order(Digest digest, String rack, int limit);

    /** The rack of a member, empty if it has none or is not known. */
    String rackOf(MemberId member);
}
