package ringpull.ring;

import java.util.List;

/** What a ring wants done. */
public sealed interface Effect {
    /**
     * Ask the member that has these addresses, in this order; then {@link Event.Answered} or {@link Event.Failed}, once.
     *
     * @param timeoutNanos for all addresses together
     */
    record Call(long call, List<Address> to, Message message, long timeoutNanos) implements Effect {}

    /** The answer to {@link Event.Asked}. */
    record Answer(long exchange, Message message) implements Effect {}

    /** No answer to {@link Event.Asked}, but why. */
    record Refuse(long exchange, String reason) implements Effect {}

    /** Look the seed up; then {@link Event.Resolved}. */
    record Resolve(String seed) implements Effect {}

    /**
     * Dial each port of the member at each of its addresses, the control port with this message; then
     * {@link Event.Dialled}.
     */
    record DialBack(long dial, Member member, Message message) implements Effect {}

    /** A member's status or boot epoch changed; for logs. */
    record Changed(Member member, Membership.Status status) implements Effect {}

    /** The members that {@link Event.Leave} wanted told were told, as far as they can be. */
    record Left() implements Effect {}
}
