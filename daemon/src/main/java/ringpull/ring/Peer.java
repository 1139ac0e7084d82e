package ringpull.ring;

import java.time.Duration;

/** A member as this node knows it. Written by the ring's own thread. */
final class Peer {
    private final Inventory inventory = new Inventory();
    private volatile Rumor rumor;
    private volatile String problem = "";
    private volatile long heardAt;
    private volatile int blobs;
    private long changedAt;

    Peer(Rumor rumor, long now) {
        this.rumor = rumor;
        heardAt = now;
        changedAt = now;
    }

    MemberId id() {
        return rumor.id();
    }

    Rumor rumor() {
        return rumor;
    }

    boolean counts() {
        return rumor.status().counts();
    }

    Inventory inventory() {
        return inventory;
    }

    /** When its status or epoch changed. */
    long changedAt() {
        return changedAt;
    }

    void become(Rumor newer, long now) {
        rumor = newer;
        changedAt = now;
    }

    void heard(long now) {
        heardAt = now;
    }

    void problem(String text) {
        problem = text;
    }

    void inventoryChanged() {
        blobs = inventory.held();
    }

    Version version() {
        return new Version(
                id(), rumor.epoch(), rumor.incarnation(), rumor.status(), inventory.version(), inventory.base());
    }

    Membership.MemberState state(long now) {
        Rumor current = rumor;
        return new Membership.MemberState(
                current.member(), current.status(), problem, blobs, Duration.ofNanos(Math.max(0, now - heardAt)));
    }
}
