package ringpull.ring;

import java.util.List;
import ringpull.blob.Digest;

/**
 * The order of members for a digest, by highest random weight (Thaler, Ravishankar 1998): all nodes that know the same
 * members find the same order, and a member that comes or goes moves only its own digests. Only eligible members are in it:
 * alive or suspect, and past their first full sync; a suspicion moves nothing. For any thread; from local memory.
 */
public interface Rendezvous {
    /** The first members in the digest's order, this one included if it is among them; at most so many. */
    List<Member> order(Digest digest, int limit);

    /** The same among the members of one rack. */
    List<Member> orderInRack(Digest digest, String zone, String rack, int limit);

    /** The same among the members of one zone. */
    List<Member> orderInZone(Digest digest, String zone, int limit);
}
