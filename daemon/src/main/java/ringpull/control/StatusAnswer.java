package ringpull.control;

import java.util.ArrayList;
import java.util.List;
import ringpull.ring.Membership;
import ringpull.ring.Membership.MemberState;
import ringpull.ring.Membership.Status;
import ringpull.store.BlobStore;
import ringpull.v1.StatusReply;

/** Puts together what is known of this daemon. */
final class StatusAnswer {
    private static final int PROBLEMS_MAX = 100;

    private StatusAnswer() {}

    static StatusReply of(ControlServer.Sources sources) {
        DaemonStatus daemon = sources.status().get();
        BlobStore.Usage usage = sources.store().usage();
        List<MemberState> members = sources.membership().members();
        StatusReply.Builder reply = StatusReply.newBuilder()
                .setVersion(daemon.version())
                .setHasher(daemon.hasher())
                .setReadySinceMs(daemon.readySince().toEpochMilli())
                .setStoreUsedBytes(usage.usedBytes())
                .setStoreReservedBytes(usage.reservedBytes())
                .setStoreQuotaBytes(usage.quotaBytes())
                .setBlobsComplete(sources.store().list().size())
                .setBlobsPartial(sources.store().partials().size())
                .setMembersAlive(count(members, Status.ALIVE))
                .setMembersSuspect(count(members, Status.SUSPECT))
                .setMembersDead(count(members, Status.DEAD) + count(members, Status.LEFT));
        for (DaemonStatus.Port port : daemon.ports()) {
            reply.addPorts(StatusReply.Port.newBuilder().setName(port.name()).setAddress(port.address()));
        }
        daemon.sinceLastClientRequest().ifPresent(age -> reply.setLastClientRequestAgeMs(age.toMillis()));
        problems(daemon, sources.membership(), members).forEach(reply::addProblems);
        return reply.build();
    }

    private static int count(List<MemberState> members, Status status) {
        return (int) members.stream().filter(m -> m.status() == status).count();
    }

    private static List<String> problems(DaemonStatus daemon, Membership membership, List<MemberState> members) {
        List<String> problems = new ArrayList<>(daemon.problems());
        for (MemberState state : members) {
            if (!state.problem().isEmpty() && state.status().counts()) {
                boolean self = state.member().id().equals(membership.self().id());
                problems.add((self ? "this node" : state.member().name()) + ": " + state.problem());
            }
        }
        if (problems.size() <= PROBLEMS_MAX) {
            return problems;
        }
        List<String> first = new ArrayList<>(problems.subList(0, PROBLEMS_MAX));
        first.add((problems.size() - PROBLEMS_MAX) + " more: see ringpull members");
        return first;
    }
}
