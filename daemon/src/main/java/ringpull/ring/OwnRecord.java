package ringpull.ring;

import java.util.Collections;
import ringpull.ring.Membership.Status;

/** What this node says of itself, and nobody else may change. */
final class OwnRecord {
    private static final long CONFLICT_SHOWN = 60 * Time.SECONDS;

    private final MemberTable table;
    private final Digests digests;
    private final Time time;
    private final LocalHealth health;
    private final int ordinal;
    private volatile Rumor rumor;
    private String conflict = "";
    private long conflictAt;

    OwnRecord(Member self, MemberTable table, Digests digests, Time time, LocalHealth health) {
        this.table = table;
        this.digests = digests;
        this.time = time;
        this.health = health;
        rumor = new Rumor(self, 0, Status.ALIVE);
        ordinal = table.add(self, 0, Status.ALIVE, false);
        digests.memberChanged(ordinal, 0, 0);
    }

    /** For any thread. */
    Rumor rumor() {
        return rumor;
    }

    int ordinal() {
        return ordinal;
    }

    /** Others are wrong about this node, or this node was here before with a higher epoch. */
    void refute(Claim claim, Member as) {
        Rumor own = rumor;
        boolean newer = own.compareAge(claim.epoch(), claim.incarnation(), claim.status()) < 0;
        if (!newer || own.status() == Status.LEFT) {
            return;
        }
        if (claim.epoch() > own.epoch() && !sameDoor(as, own.member())) {
            conflict = Limits.tame("another daemon has this node's member id: "
                    + as.name() + " at "
                    + Rumor.controlAddresses(as).getFirst()
                    + "; give each node a certificate of its own, or, where there are none and the state directory was"
                    + " copied, delete the id file in the copy; then restart it");
            conflictAt = time.now();
            return;
        }
        if (claim.status() == Status.SUSPECT || claim.status() == Status.DEAD) {
            health.worse(1);
        }
        long epoch = claim.epoch();
        long incarnation = claim.incarnation() + 1;
        if (epoch > own.epoch() || incarnation > Limits.INCARNATIONS) {
            epoch = Math.min(epoch + 1, Limits.COUNTER);
            incarnation = 0;
        }
        become(new Rumor(own.member().withEpoch(epoch), incarnation, Status.ALIVE, own.eligible()));
    }

    private void become(Rumor next) {
        long member = digests.ofMember(ordinal);
        long identity = digests.identity(ordinal);
        long inventory = digests.ofInventory(ordinal);
        rumor = next;
        table.set(ordinal, next.member(), next.incarnation(), next.status(), next.eligible());
        digests.memberChanged(ordinal, member, identity);
        digests.inventoryChanged(ordinal, inventory);
    }

    private static boolean sameDoor(Member one, Member other) {
        return one.controlPort() == other.controlPort() && !Collections.disjoint(one.addresses(), other.addresses());
    }

    /** Another daemon that was heard of lately with this node's id; or empty. */
    String conflict() {
        return time.now() - conflictAt < CONFLICT_SHOWN ? conflict : "";
    }

    /** This node knows the whole ring: others may build on it. */
    void becomeEligible() {
        become(new Rumor(rumor.member(), rumor.incarnation() + 1, Status.ALIVE, true));
    }

    /** This node goes. */
    void leave() {
        become(new Rumor(rumor.member(), rumor.incarnation(), Status.LEFT, false));
    }
}
