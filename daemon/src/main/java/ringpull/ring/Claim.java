package ringpull.ring;

import java.util.List;

/**
 * The state of a member that is known already, in few bytes: what SWIM's alive, suspect and confirm messages say.
 *
 * @param accusers of a suspect: members that could not reach it, independently; the first few
 */
public record Claim(
        MemberId id,
        long epoch,
        long incarnation,
        Membership.Status status,
        boolean eligible,
        List<MemberId> accusers) {
    private static final int BYTES = 38;
    private static final int ACCUSER_BYTES = 18;

    public Claim {
        accusers = List.copyOf(accusers);
        Limits.within(epoch, Limits.COUNTER, "epochs");
        Limits.within(incarnation, Limits.INCARNATIONS, "incarnations");
        Limits.within(accusers.size(), Limits.ACCUSERS, "accusers");
    }

    /** An upper bound of its encoded size in bytes. */
    int weight() {
        return BYTES + ACCUSER_BYTES * accusers.size();
    }
}
