package ringpull.swarm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ringpull.ring.MemberId;

/** What a home knows of one puller: soft state, all of it from its newest report. */
final class Client {
    /** A rack that brings so many times less from the origin than another is on the far side of a slow link. */
    private static final int FAR = 3;

    final MemberId id;
    final Map<Long, Granted> leases = new LinkedHashMap<>();
    Message.Report report;
    long seen;
    boolean refused;

    /** Chunks that it brought from the origin, and from when to when. */
    private int brought;

    private long beganAt = SwarmLimits.NEVER;
    private long endedAt;

    /** What a home has leased. */
    static final class Granted {
        final long id;
        final Client holder;
        final Lease.Kind kind;
        final int first;
        final long grantedAt;
        int next;
        int end;
        long movedAt;

        Granted(long id, Client holder, Lease.Kind kind, int first, int end, long now) {
            this.id = id;
            this.holder = holder;
            this.kind = kind;
            this.first = first;
            this.next = first;
            this.end = end;
            this.grantedAt = now;
            this.movedAt = now;
        }

        Lease lease() {
            return new Lease(id, kind, first, next, end, 0);
        }
    }

    Client(Message.Report report) {
        this.id = report.puller();
        this.report = report;
    }

    List<Run> have() {
        return report.have();
    }

    /** Whether it stands for a whole rack. */
    boolean isRack() {
        return report.scope().isEmpty() && !report.rack().isEmpty();
    }

    void begins(Granted granted) {
        if (granted.kind == Lease.Kind.ORIGIN) {
            beganAt = Math.min(beganAt, granted.grantedAt);
        }
    }

    void ends(Granted granted, long now) {
        if (granted.kind == Lease.Kind.ORIGIN) {
            brought += granted.next - granted.first;
            endedAt = now;
        }
    }

    /** Chunks a second that it brought from the origin. */
    private double speed() {
        return (double) brought * SwarmLimits.SECONDS / Math.max(1, endedAt - beganAt);
    }

    /** As {@link #speed}; where that is not known, the most that it can still turn out to be. */
    private double speedMost(long now) {
        if (brought > 0) {
            return speed();
        }
        return now <= beganAt ? Double.POSITIVE_INFINITY : (double) SwarmLimits.SECONDS / (now - beganAt);
    }

    /** Chunks of a run: of a rack no more than twice what it brought, until it is known how near the origin it is. */
    int runMost() {
        return isRack() ? Math.clamp(2L * brought, 1, SwarmLimits.LEASE_CHUNKS) : SwarmLimits.LEASE_CHUNKS;
    }

    /**
     * Whether a rack is to bring chunks from the origin: one that is on the far side of a slow link gets them from the others
     * over that same link anyway, and what it brought itself would have to cross it once more. A rack of which nothing is
     * known yet shows it with one run.
     */
    boolean isNear(List<Client> all, long now) {
        if (!isRack()) {
            return true;
        }
        if (brought == 0) {
            return leases.isEmpty();
        }
        return all.stream().noneMatch(other -> other != this && other.brings() && other.speedMost(now) > FAR * speed());
    }

    /** Whether it takes part in reading from the origin. */
    boolean brings() {
        return !refused && !report.source().isEmpty() && report.slots() > 0;
    }

    /** Whether it would read one more run from the origin. */
    boolean wantsOrigin(int most) {
        return brings() && leases.size() < Math.min(report.slots(), most);
    }

    boolean wantsAbroad(int most) {
        return leases.size() < Math.min(report.slots(), most);
    }
}
