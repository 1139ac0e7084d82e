package ringpull.ring.wire;

import ringpull.v1.AdmitReply;

/** Lets members read from this node's plain-text data port. For any thread. */
@FunctionalInterface
public interface Admitter {
    /**
     * Makes a session for a member.
     *
     * @param member its id, as its certificate says
     */
    AdmitReply admit(String member);
}
