package ringpull.control;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import ringpull.blob.Digest;
import ringpull.ring.Holders;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.MemberState;
import ringpull.v1.RingOrderReply;

/** The rendezvous order of members for a digest, from this node's memory. */
final class RingOrderAnswer {
    static final int MEMBERS_MAX = 16_384;
    static final int MEMBERS_DEFAULT = 10;

    private RingOrderAnswer() {}

    /** @param limit members that are asked for; 0: some */
    static RingOrderReply of(ControlServer.Sources sources, Digest digest, int limit) {
        int most = limit <= 0 ? MEMBERS_DEFAULT : Math.min(limit, MEMBERS_MAX);
        Member self = sources.membership().self();
        Map<MemberId, MemberState> states = new HashMap<>();
        for (MemberState state : sources.membership().members()) {
            states.put(state.member().id(), state);
        }
        Set<MemberId> holders = sources.holders().holders(digest).stream()
                .map(Holders.Holder::member)
                .map(Member::id)
                .collect(Collectors.toSet());
        if (sources.store().find(digest).isPresent()) {
            holders.add(self.id());
        }
        List<Member> order = sources.rendezvous().order(digest, most);
        RingOrderReply.Builder reply = RingOrderReply.newBuilder()
                .setDigest(digest.toString())
                .setEligible((int) states.values().stream()
                        .filter(state -> state.status().counts() && state.eligible())
                        .count());
        for (Member member : order) {
            MemberState state = states.get(member.id());
            reply.addMembers(RingOrderReply.Entry.newBuilder()
                    .setName(member.name())
                    .setId(member.id().hex())
                    .setState(state == null ? "" : state.status().name().toLowerCase(Locale.ROOT))
                    .setRack(member.rack())
                    .setZone(member.zone())
                    .setWeight(member.weight())
                    .setHolds(holders.contains(member.id()))
                    .setSelf(member.id().equals(self.id())));
        }
        return reply.build();
    }
}
