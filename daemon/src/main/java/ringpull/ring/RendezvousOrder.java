package ringpull.ring;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Predicate;
import ringpull.blob.Digest;

/** Computes the {@link Rendezvous} order from the member table. */
final class RendezvousOrder implements Rendezvous {
    private static final double UNIT = 0x1p-53;
    private static final Comparator<Ranked> LAST_FIRST = Comparator.comparingDouble(Ranked::score)
            .thenComparing(ranked -> ranked.member().id(), Comparator.reverseOrder());

    private final MemberTable table;

    RendezvousOrder(MemberTable table) {
        this.table = table;
    }

    private record Ranked(Member member, double score) {}

    @Override
    public List<Member> order(Digest digest, int limit) {
        return order(digest, limit, member -> true);
    }

    @Override
    public List<Member> orderInZone(Digest digest, String zone, int limit) {
        return order(digest, limit, member -> member.zone().equals(zone));
    }

    @Override
    public List<Member> orderInRack(Digest digest, String zone, String rack, int limit) {
        return order(
                digest,
                limit,
                member -> member.rack().equals(rack) && member.zone().equals(zone));
    }

    private List<Member> order(Digest digest, int limit, Predicate<Member> condition) {
        long print = Fingerprint.of(digest);
        PriorityQueue<Ranked> first = new PriorityQueue<>(LAST_FIRST);
        int capacity = table.capacity();
        for (int ordinal = 0; ordinal < capacity && limit > 0; ordinal++) {
            Member member = table.memberOrNull(ordinal);
            if (member == null || member.weight() == 0 || !table.owns(ordinal) || !condition.test(member)) {
                continue;
            }
            double score = score(print, table.key(ordinal), member.weight());
            if (first.size() == limit && score <= first.element().score()) {
                continue;
            }
            first.add(new Ranked(member, score));
            if (first.size() > limit) {
                first.remove();
            }
        }
        List<Member> order = new ArrayList<>(first.size());
        while (!first.isEmpty()) {
            order.addFirst(first.remove().member());
        }
        return List.copyOf(order);
    }

    /** A random number between 0 and 1, the higher the weight the nearer to 1: shares are as the weights. */
    private static double score(long print, long key, int weight) {
        double random = (Fingerprint.mix(print ^ key) >>> 11) * UNIT;
        return weight == 1 ? random : Math.pow(random, 1.0 / weight);
    }
}
