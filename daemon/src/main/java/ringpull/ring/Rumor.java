package ringpull.ring;

import java.util.List;

/**
 * The state of a member at one point of its life. Of two about one member the newer holds: by epoch, then by incarnation,
 * then by status in the order of {@link Membership.Status}. So views that have heard the same are equal, in whatever order
 * they heard it.
 *
 * @param incarnation raised by the member itself, and by nobody else, to refute a false suspicion
 */
public record Rumor(Member member, long incarnation, Membership.Status status) {
    public Rumor {
        Limits.check(member);
        Limits.within(incarnation, Limits.COUNTER, "incarnations");
    }

    MemberId id() {
        return member.id();
    }

    long epoch() {
        return member.epoch();
    }

    Rumor with(Membership.Status newStatus) {
        return new Rumor(member, incarnation, newStatus);
    }

    /** Below zero: older than this; zero: as new. */
    int compareAge(long otherEpoch, long otherIncarnation, Membership.Status otherStatus) {
        int order = Long.compare(epoch(), otherEpoch);
        order = order != 0 ? order : Long.compare(incarnation, otherIncarnation);
        return order != 0 ? order : status.compareTo(otherStatus);
    }

    boolean newerThan(Rumor other) {
        return compareAge(other.epoch(), other.incarnation, other.status) > 0;
    }

    /** Control ports of the member, best first. */
    List<Address> controlAddresses() {
        return member.addresses().stream()
                .map(host -> new Address(host, member.controlPort()))
                .toList();
    }

    /** An upper bound of its encoded size in bytes. */
    int weight() {
        int chars =
                member.name().length() + member.rack().length() + member.zone().length();
        chars += member.addresses().stream().mapToInt(String::length).sum();
        chars += member.transports().stream().mapToInt(String::length).sum();
        return 128 + 3 * chars;
    }
}
