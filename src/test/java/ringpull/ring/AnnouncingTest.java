package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.sim.RingSimulation.digest;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.sim.RingSimulation;
import ringpull.sim.SimNode;

/** Who is told of a blob, and how soon. */
class AnnouncingTest {
    private static RingSimulation settled(int size, int zones, Announce announce) {
        RingSimulation simulation = new RingSimulation(1);
        List<SimNode> nodes = IntStream.range(0, size)
                .mapToObj(i -> simulation.node("ring", "seed-0", "seed-1"))
                .toList();
        nodes.forEach(node -> {
            node.in("z" + node.index % zones, announce);
            node.start();
        });
        simulation.runUntil("all know all", 30, () -> simulation.views().allRight());
        simulation.run(15);
        return simulation;
    }

    private static long whoKnow(RingSimulation simulation, SimNode holder, Digest digest) {
        return simulation.nodes().stream()
                .filter(node -> node.knowsHolder(holder, digest))
                .count();
    }

    @Test
    void inARingOfZonesOnlyTheOwnZoneHears() {
        RingSimulation simulation = settled(12, 2, Announce.ZONE);
        SimNode holder = simulation.nodes().get(3);
        holder.hold(digest(1), 10);
        simulation.runUntil("its zone knows", 20, () -> whoKnow(simulation, holder, digest(1)) == 5);
        simulation.run(60);
        for (SimNode node : simulation.nodes()) {
            assertThat(node.knowsHolder(holder, digest(1))).isEqualTo(node != holder && node.index % 2 == 1);
            assertThat(node.state(holder)).as("all know all members").isNotNull();
        }
        holder.drop(digest(1));
        simulation.runUntil("its zone knows", 20, () -> whoKnow(simulation, holder, digest(1)) == 0);
    }

    @Test
    void whereManyAroundHoldABlobOneMoreIsNoNewsAndTheRepairTellsOfIt() {
        RingSimulation simulation = settled(Learning.COMMON + 8, 1, Announce.CLUSTER);
        List<SimNode> nodes = simulation.nodes();
        SimNode first = nodes.get(0);
        AtomicInteger told = new AtomicInteger();
        simulation.tap(message -> told.addAndGet(
                message.body() instanceof Body.Ping || message.body() instanceof Body.Ack
                        ? message.deltas().size()
                        : 0));
        first.hold(digest(1), 10);
        simulation.runUntil("all know", 20, () -> whoKnow(simulation, first, digest(1)) == nodes.size() - 1);
        assertThat(told.get()).as("one of few holders is news").isPositive();
        nodes.subList(1, Learning.COMMON + 1).forEach(node -> node.hold(digest(1), 10));
        simulation.runUntil("all know all", 20, simulation::converged);
        simulation.run(20);
        told.set(0);

        SimNode oneMore = nodes.getLast();
        oneMore.hold(digest(1), 10);

        simulation.runUntil("all know", 60, () -> whoKnow(simulation, oneMore, digest(1)) == nodes.size() - 1);
        assertThat(told.get()).isZero();
    }
}
