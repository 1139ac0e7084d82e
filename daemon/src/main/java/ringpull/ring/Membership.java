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
     * @param eligible whether the {@link Rendezvous} order counts it
     * @param health its local health as it last said: 0 well, to 8 very slow
     * @param accusers of a suspect: who could not reach it, the first few
     */
    record MemberState(
            Member member,
            Status status,
            String problem,
            int blobs,
            Duration lastHeard,
            boolean eligible,
            int health,
            List<Member> accusers) {
        public MemberState {
            accusers = List.copyOf(accusers);
        }

        /** One that is well, eligible if it counts, and accused by nobody. */
        public MemberState(Member member, Status status, String problem, int blobs, Duration lastHeard) {
            this(member, status, problem, blobs, lastHeard, status.counts(), 0, List.of());
        }
    }

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
