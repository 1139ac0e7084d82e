package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.sim.RingSimulation.digest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import ringpull.ring.Membership.Status;
import ringpull.sim.RingSimulation;
import ringpull.sim.SimNode;

class RendezvousTest {
    private static final int BLOBS = 4_000;

    private final MemberTable table = new MemberTable(new Directory());
    private final RendezvousOrder order = new RendezvousOrder(table);

    private static Member member(int number, int weight, String rack, String zone) {
        return new Member(
                new MemberId(String.format("%032x", number)),
                1,
                "n" + number,
                List.of("10.0.0.1"),
                1,
                2,
                rack,
                zone,
                List.of(),
                weight);
    }

    private int add(Member member) {
        return table.add(member, 0, Status.ALIVE, true);
    }

    private Map<String, Integer> firsts() {
        Map<String, Integer> firsts = new HashMap<>();
        for (int blob = 0; blob < BLOBS; blob++) {
            firsts.merge(order.order(digest(blob), 1).getFirst().name(), 1, Integer::sum);
        }
        return firsts;
    }

    @Test
    void sharesAreAsTheWeights() {
        add(member(1, 1, "", ""));
        add(member(2, 1, "", ""));
        add(member(3, 2, "", ""));
        add(member(4, 0, "", ""));
        Map<String, Integer> firsts = firsts();
        assertThat(firsts).doesNotContainKey("n4");
        assertThat(firsts.get("n1")).isBetween(900, 1_100);
        assertThat(firsts.get("n2")).isBetween(900, 1_100);
        assertThat(firsts.get("n3")).isBetween(1_900, 2_100);
    }

    @Test
    void whoGoesMovesOnlyItsOwn() {
        for (int i = 1; i <= 10; i++) {
            add(member(i, 1, "", ""));
        }
        List<List<Member>> before = new ArrayList<>();
        for (int blob = 0; blob < BLOBS; blob++) {
            before.add(order.order(digest(blob), 10));
        }
        table.set(table.find(member(4, 1, "", "").id()), member(4, 1, "", ""), 0, Status.DEAD, true);
        for (int blob = 0; blob < BLOBS; blob++) {
            List<Member> rest = before.get(blob).stream()
                    .filter(member -> !member.name().equals("n4"))
                    .toList();
            assertThat(order.order(digest(blob), 10)).isEqualTo(rest);
            assertThat(order.order(digest(blob), 3)).isEqualTo(rest.subList(0, 3));
        }
    }

    @Test
    void suspicionMovesNothingAndWhoIsNotEligibleIsNotInIt() {
        for (int i = 1; i <= 5; i++) {
            add(member(i, 1, "", ""));
        }
        Map<String, Integer> before = firsts();
        table.set(table.find(member(2, 1, "", "").id()), member(2, 1, "", ""), 0, Status.SUSPECT, true);
        assertThat(firsts()).isEqualTo(before);
        table.set(table.find(member(2, 1, "", "").id()), member(2, 1, "", ""), 1, Status.ALIVE, false);
        assertThat(firsts()).doesNotContainKey("n2");
    }

    @Test
    void racksAndZonesHaveOrdersOfTheirOwnThatAgreeWithTheWhole() {
        for (int i = 1; i <= 24; i++) {
            add(member(i, 1, "r" + i % 4, "z" + i % 2));
        }
        List<Member> all = order.order(digest(5), 100);
        assertThat(all).hasSize(24);
        assertThat(order.orderInZone(digest(5), "z1", 100))
                .isEqualTo(all.stream()
                        .filter(member -> member.zone().equals("z1"))
                        .toList());
        assertThat(order.orderInRack(digest(5), "z1", "r3", 2))
                .isEqualTo(all.stream()
                        .filter(member -> member.rack().equals("r3"))
                        .limit(2)
                        .toList());
        assertThat(order.orderInRack(digest(5), "z0", "r3", 2)).isEmpty();
    }

    @Test
    void nobodyIsEligibleBeforeItKnowsTheRingAndThenAllNodesAgree() {
        RingSimulation simulation = new RingSimulation(3);
        List<SimNode> ring = simulation.ring(20);
        simulation.run(2);
        assertThat(ring.get(5).ring().order(digest(1), 3)).isEmpty();
        simulation.runUntil(
                "all are eligible and known as such",
                30,
                () -> ring.stream()
                        .allMatch(node -> node.ring().order(digest(1), 100).size() == 20));
        for (int blob = 0; blob < 50; blob++) {
            Set<List<MemberId>> orders = new HashSet<>();
            for (SimNode node : ring) {
                orders.add(node.ring().order(digest(blob), 20).stream()
                        .map(Member::id)
                        .toList());
            }
            assertThat(orders).hasSize(1);
        }
        SimNode late = simulation.node("ring", "seed-0");
        late.start();
        simulation.run(3);
        assertThat(late.ring().order(digest(1), 100)).hasSize(20);
        simulation.runUntil(
                "the late one too",
                20,
                () -> ring.stream()
                        .allMatch(node -> node.ring().order(digest(1), 100).size() == 21));
    }

    @Test
    void aNodeAloneIsEligibleSoon() {
        RingSimulation simulation = new RingSimulation(3);
        SimNode alone = simulation.node("ring");
        alone.start();
        simulation.run(4);
        assertThat(alone.ring().order(digest(1), 1)).isEmpty();
        simulation.run(2);
        assertThat(alone.ring().order(digest(1), 1)).hasSize(1);
    }

    @Test
    void eachMemberHasObserversAndFewAreWatchedByEachNode() {
        int members = 200;
        Map<String, Integer> observers = new HashMap<>();
        for (int self = 0; self < members; self++) {
            MemberTable own = new MemberTable(new Directory());
            Neighbours neighbours = new Neighbours(
                    own,
                    member(self, 1, "r" + self % 20, "z" + self % 4),
                    RandomGeneratorFactory.of("L64X128MixRandom").create(self));
            for (int other = 0; other < members; other++) {
                if (other != self) {
                    int added = own.add(member(other, 1, "r" + other % 20, "z" + other % 4), 0, Status.ALIVE, true);
                    own.setLive(added, true);
                    neighbours.entered(added);
                }
            }
            assertThat(neighbours.count()).isBetween(10, Neighbours.ORDERS);
            int inRack = 0;
            for (int i = 0; i < neighbours.count(); i++) {
                Member neighbour = own.member(neighbours.at(i));
                observers.merge(neighbour.name(), 1, Integer::sum);
                inRack += neighbour.rack().equals("r" + self % 20) ? 1 : 0;
            }
            assertThat(inRack).isBetween(2, 8);
        }
        assertThat(observers).hasSize(members);
        assertThat(observers.values()).allMatch(count -> count >= 8 && count <= Neighbours.ORDERS);
    }

    @Test
    void neighboursFollowTheLivingAndStayWhereNothingChanges() {
        MemberTable own = new MemberTable(new Directory());
        Neighbours neighbours = new Neighbours(
                own,
                member(999, 1, "", ""),
                RandomGeneratorFactory.of("L64X128MixRandom").create(1));
        List<Integer> added = new ArrayList<>();
        for (int other = 0; other < 100; other++) {
            int ordinal = own.add(member(other, 1, "", ""), 0, Status.ALIVE, true);
            own.setLive(ordinal, true);
            neighbours.entered(ordinal);
            added.add(ordinal);
        }
        Set<Integer> before = all(neighbours);
        int gone = neighbours.at(0);
        own.setLive(gone, false);
        neighbours.left(gone);
        assertThat(all(neighbours)).doesNotContain(gone);
        own.setLive(gone, true);
        neighbours.entered(gone);
        assertThat(all(neighbours)).isEqualTo(before);
        added.forEach(ordinal -> {
            own.setLive(ordinal, false);
            neighbours.left(ordinal);
        });
        assertThat(neighbours.nextToProbe()).isEqualTo(Directory.NONE);
    }

    private static Set<Integer> all(Neighbours neighbours) {
        Set<Integer> all = new HashSet<>();
        for (int i = 0; i < neighbours.count(); i++) {
            all.add(neighbours.at(i));
        }
        return all;
    }
}
