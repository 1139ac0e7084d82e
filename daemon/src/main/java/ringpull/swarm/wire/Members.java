package ringpull.swarm.wire;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import ringpull.blob.Digest;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership;
import ringpull.ring.Rendezvous;
import ringpull.swarm.Ranking;

/**
 * The ring as the swarm sees it: those members that take part in swarms, by their ids. A rack is told from one of the same
 * name in another zone.
 */
final class Members implements Ranking {
    private static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Membership ring;
    private final Rendezvous rendezvous;
    private final Map<MemberId, Member> known = new ConcurrentHashMap<>();
    private volatile long refreshed = System.nanoTime() - REFRESH_NANOS;

    Members(Membership ring, Rendezvous rendezvous) {
        this.ring = ring;
        this.rendezvous = rendezvous;
    }

    @Override
    public List<MemberId> order(Digest digest, String rack, int limit) {
        Member self = ring.self();
        if (!rack.isEmpty() && !rack.equals(rackOf(self))) {
            return List.of(); // no business of ours
        }
        List<Member> order = able(digest, rack, limit, limit);
        if (order.size() < limit) {
            order = able(digest, rack, limit, Integer.MAX_VALUE);
        }
        order.forEach(member -> known.put(member.id(), member));
        return order.stream().map(Member::id).toList();
    }

    private List<Member> able(Digest digest, String rack, int limit, int among) {
        Member self = ring.self();
        List<Member> order = rack.isEmpty()
                ? rendezvous.order(digest, among)
                : rendezvous.orderInRack(digest, self.zone(), self.rack(), among);
        return order.stream().filter(Members::isAble).limit(limit).toList();
    }

    /** A member of an earlier release does not know what a swarm is. */
    private static boolean isAble(Member member) {
        return member.transports().contains(SwarmNode.TRANSPORT);
    }

    @Override
    public String rackOf(MemberId id) {
        return find(id).map(Members::rackOf).orElse("");
    }

    private static String rackOf(Member member) {
        return member.rack().isEmpty() ? "" : member.zone() + "/" + member.rack();
    }

    /** A live member, or this one. */
    Optional<Member> find(MemberId id) {
        if (id.equals(ring.self().id())) {
            return Optional.of(ring.self());
        }
        long now = System.nanoTime();
        if (now - refreshed > REFRESH_NANOS) {
            refreshed = now;
            Map<MemberId, Member> live = new HashMap<>();
            ring.members().stream()
                    .filter(state -> state.status().counts())
                    .forEach(state -> live.put(state.member().id(), state.member()));
            known.putAll(live);
            known.keySet().retainAll(live.keySet());
        }
        return Optional.ofNullable(known.get(id));
    }
}
