package ringpull.ring;

import java.util.ArrayList;
import java.util.List;

/**
 * A member and its state at one point of its life. Of two about one member the newer holds: by epoch, then by incarnation,
 * then by status in the order of {@link Membership.Status}. So views that have heard the same are equal, in whatever order
 * they heard it.
 *
 * @param incarnation raised by the member itself, and by nobody else: to refute a false suspicion, or to become eligible
 * @param eligible whether it may be given something by the {@link Rendezvous} order: it knows the whole ring
 */
public record Rumor(Member member, long incarnation, Membership.Status status, boolean eligible) {
    private static final int FIXED_BYTES = 48;

    public Rumor {
        Limits.within(incarnation, Limits.INCARNATIONS, "incarnations");
    }

    /** Not eligible. */
    public Rumor(Member member, long incarnation, Membership.Status status) {
        this(member, incarnation, status, false);
    }

    MemberId id() {
        return member.id();
    }

    long epoch() {
        return member.epoch();
    }

    Rumor with(Membership.Status newStatus) {
        return new Rumor(member, incarnation, newStatus, eligible);
    }

    Claim claim() {
        return new Claim(id(), epoch(), incarnation, status, eligible, List.of());
    }

    /** Below zero: older than this; zero: as new. */
    int compareAge(long otherEpoch, long otherIncarnation, Membership.Status otherStatus) {
        return compareAge(epoch(), incarnation, status, otherEpoch, otherIncarnation, otherStatus);
    }

    static int compareAge(
            long epoch,
            long incarnation,
            Membership.Status status,
            long otherEpoch,
            long otherIncarnation,
            Membership.Status otherStatus) {
        int order = Long.compare(epoch, otherEpoch);
        order = order != 0 ? order : Long.compare(incarnation, otherIncarnation);
        return order != 0 ? order : status.compareTo(otherStatus);
    }

    boolean newerThan(Rumor other) {
        return compareAge(other.epoch(), other.incarnation, other.status) > 0;
    }

    /** Control ports of the member, best first. */
    List<Address> controlAddresses() {
        return controlAddresses(member);
    }

    static List<Address> controlAddresses(Member member) {
        List<Address> addresses = new ArrayList<>(member.addresses().size());
        for (String host : member.addresses()) {
            addresses.add(new Address(host, member.controlPort()));
        }
        return addresses;
    }

    /** An upper bound of its encoded size in bytes. */
    int weight() {
        int bytes = FIXED_BYTES + bytes(member.name()) + bytes(member.rack()) + bytes(member.zone());
        for (String address : member.addresses()) {
            bytes += bytes(address);
        }
        for (String transport : member.transports()) {
            bytes += bytes(transport);
        }
        return bytes;
    }

    private static int bytes(String text) {
        int more = 0;
        for (int i = 0; i < text.length(); i++) {
            more += text.charAt(i) < 0x80 ? 0 : 2;
        }
        return 2 + text.length() + more;
    }
}
