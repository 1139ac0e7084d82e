package ringpull.control;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import ringpull.blame.Reputation;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership;
import ringpull.ring.Membership.MemberState;
import ringpull.v1.MembersReply;

/** Lists the members as this node sees them: itself first, then by name. */
final class MembersAnswer {
    static final int MEMBERS_MAX = 16_384;
    private static final int ADDRESSES_MAX = 16;

    private MembersAnswer() {}

    static MembersReply of(Membership membership, Reputation reputation) {
        MemberId self = membership.self().id();
        List<MemberState> members = membership.members();
        Comparator<MemberState> order = Comparator.comparing(
                        (MemberState state) -> !state.member().id().equals(self))
                .thenComparing(state -> state.member().name())
                .thenComparing(state -> state.member().id());
        MembersReply.Builder reply = MembersReply.newBuilder().setTotal(members.size());
        members.stream().sorted(order).limit(MEMBERS_MAX).forEach(state -> {
            Member member = state.member();
            MembersReply.Entry.Builder entry = MembersReply.Entry.newBuilder();
            reputation
                    .of(member.id())
                    .ifPresent(
                            sentence -> entry.setStanding(sentence.kind().name().toLowerCase(Locale.ROOT))
                                    .setStandingReason(sentence.reason())
                                    .setStandingUntilMs(sentence.untilMillis()));
            reply.addMembers(entry.setName(member.name())
                    .setId(member.id().hex())
                    .setState(state.status().name().toLowerCase(Locale.ROOT))
                    .setRack(member.rack())
                    .setZone(member.zone())
                    .addAllAddresses(
                            member.addresses().stream().limit(ADDRESSES_MAX).toList())
                    .setControlPort(member.controlPort())
                    .setDataPort(member.dataPort())
                    .setBlobs(state.blobs())
                    .setLastHeardAgeMs(state.lastHeard().toMillis())
                    .setProblem(state.problem())
                    .setHealth(state.health())
                    .setEligible(state.eligible())
                    .setEpoch(member.epoch())
                    .addAllTransports(member.transports())
                    .addAllAccusers(state.accusers().stream().map(Member::name).toList())
                    .setSelf(member.id().equals(self)));
        });
        return reply.build();
    }
}
