package ringpull.ring;

import java.time.Duration;
import java.util.List;

/** Who is in the ring, as this node sees it; answered from local memory. */
public interface Membership {
    Member self();

    /** All known members, this one included, the dead for a while too. */
    List<MemberState> members();

    /**
     * A member as this node sees it.
     *
     * @param problem empty, or one sentence that says what does not work, with address and port
     * @param blobs how many blobs it says it holds
     * @param lastHeard time since news of it last arrived
     */
    record MemberState(Member member, Status status, String problem, int blobs, Duration lastHeard) {}

    /** Whether a member counts: the alive and the suspect do. */
    enum Status {
        ALIVE,
        SUSPECT,
        DEAD,
        LEFT;

        public boolean counts() {
            return this == ALIVE || this == SUSPECT;
        }
    }
}
