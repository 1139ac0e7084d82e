package ringpull.swarm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ringpull.ring.MemberId;

/** What a home knows of one puller: soft state, all of it from its newest report. */
final class Client {
    final MemberId id;
    final Map<Long, Granted> leases = new LinkedHashMap<>();
    Message.Report report;
    long seen;
    boolean refused;

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

    /** Whether it would read one more run from the origin. */
    boolean wantsOrigin(int most) {
        return !refused && !report.source().isEmpty() && leases.size() < Math.min(report.slots(), most);
    }

    boolean wantsAbroad(int most) {
        return leases.size() < Math.min(report.slots(), most);
    }
}
