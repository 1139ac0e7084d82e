package ringpull.control;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import ringpull.blob.Digest;
import ringpull.ring.Holders;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership;
import ringpull.ring.Rendezvous;

/** A ring that is what a test says. */
public final class TestRing implements Membership, Holders, Rendezvous {
    private final Member self = member("node-a", 'a', "r1", "z1");
    private final List<MemberState> others = new CopyOnWriteArrayList<>();
    private final Map<Digest, List<Holder>> held = new ConcurrentHashMap<>();
    private volatile String ownProblem = "";

    public static Member member(String name, char hexDigit, String rack, String zone) {
        return new Member(
                new MemberId(String.valueOf(hexDigit).repeat(32)),
                1,
                name,
                List.of("192.0.2.1"),
                7746,
                7747,
                rack,
                zone,
                List.of("tcp"));
    }

    public void add(Member member, Status status, String problem) {
        others.add(new MemberState(member, status, problem, 7, Duration.ofSeconds(3)));
    }

    public void add(MemberState state) {
        others.add(state);
    }

    public void ownProblem(String problem) {
        ownProblem = problem;
    }

    /** Says that this member holds the blob. */
    public void hold(Member member, Digest digest, long sizeBytes) {
        held.computeIfAbsent(digest, d -> new CopyOnWriteArrayList<>()).add(new Holder(member, sizeBytes));
    }

    @Override
    public Member self() {
        return self;
    }

    @Override
    public List<MemberState> members() {
        List<MemberState> all = new CopyOnWriteArrayList<>(others);
        all.add(new MemberState(self, Status.ALIVE, ownProblem, 1, Duration.ZERO));
        return all;
    }

    @Override
    public List<Holder> holders(Digest digest) {
        return held.getOrDefault(digest, List.of());
    }

    /** All that count, by name. */
    @Override
    public List<Member> order(Digest digest, int limit) {
        return members().stream()
                .filter(state -> state.status().counts() && state.eligible())
                .map(MemberState::member)
                .sorted(Comparator.comparing(Member::name))
                .limit(limit)
                .toList();
    }

    @Override
    public List<Member> orderInRack(Digest digest, String zone, String rack, int limit) {
        return orderInZone(digest, zone, Integer.MAX_VALUE).stream()
                .filter(member -> member.rack().equals(rack))
                .limit(limit)
                .toList();
    }

    @Override
    public List<Member> orderInZone(Digest digest, String zone, int limit) {
        return order(digest, Integer.MAX_VALUE).stream()
                .filter(member -> member.zone().equals(zone))
                .limit(limit)
                .toList();
    }

    @Override
    public void disown(MemberId member, Digest digest) {
        held.getOrDefault(digest, List.of())
                .removeIf(holder -> holder.member().id().equals(member));
    }
}
