package ringpull.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import ringpull.ring.Effect;
import ringpull.ring.Membership.Status;

/** The simulator itself: what it is told to break is broken, and what it charges is what the wire costs. */
class RingSimulationTest {
    private static RingSimulation ring(long seed, int size) {
        RingSimulation simulation = new RingSimulation(seed);
        simulation.ring(size);
        simulation.runUntil("all know all", 30, simulation::converged);
        return simulation;
    }

    private static long died(SimNode viewer, SimNode subject) {
        return viewer.seen.stream()
                .filter(changed ->
                        changed.status() == Status.DEAD && changed.member().id().equals(subject.id))
                .count();
    }

    @Test
    void theViewsThatItKeepsAreThoseOfTheRings() {
        RingSimulation simulation = ring(1, 12);
        SimNode dead = simulation.nodes().get(4);
        dead.vanish();
        simulation.nodes().get(5).leave();
        assertThat(simulation.views().wrong(simulation.nodes().get(1))).isEqualTo(1);
        for (int i = 0; i < 200; i++) {
            simulation.run(0.1);
            for (SimNode viewer : simulation.nodes()) {
                for (SimNode subject : simulation.nodes()) {
                    if (viewer.isOn() && viewer != subject) {
                        assertThat(simulation.views().counts(viewer, subject))
                                .isEqualTo(viewer.statusOf(subject).counts());
                    }
                }
            }
        }
        assertThat(simulation.views().allRight()).isTrue();
        assertThat(simulation.views().on()).isEqualTo(10);
        assertThat(simulation.views().falseDeaths()).isZero();
    }

    @Test
    void islandsPauseAndLossAreFelt() {
        RingSimulation simulation = ring(2, 8);
        List<SimNode> nodes = simulation.nodes();
        simulation.network().islands(List.of(0, 0, 0, 0, 1, 1, 1, 1));
        simulation.run(60);
        assertThat(died(nodes.get(0), nodes.get(7))).isPositive();
        assertThat(died(nodes.get(0), nodes.get(3))).isZero();
        simulation.network().heal();
        simulation.runUntil("together again", 60, simulation::converged);

        nodes.get(2).pause();
        simulation.run(60);
        assertThat(died(nodes.get(0), nodes.get(2))).isPositive();
        nodes.get(2).resume();
        simulation.runUntil("back again", 60, simulation::converged);

        simulation.network().loss(1);
        simulation.run(300);
        assertThat(simulation.views().wrong(nodes.get(0))).isEqualTo(7);
    }

    @Test
    void aDaemonThatIsGoneIsFoundOutSoonerWhereItsHostRefuses() {
        double refused = 0;
        double silent = 0;
        for (long seed = 1; seed <= 10; seed++) {
            RingSimulation one = ring(seed, 8);
            one.nodes().get(3).kill();
            refused += one.runUntil("found out", 60, () -> one.views().allRight());
            RingSimulation other = ring(seed, 8);
            other.nodes().get(3).vanish();
            silent += other.runUntil("found out", 60, () -> other.views().allRight());
        }
        assertThat(refused).isLessThan(silent);
    }

    @Test
    void aCloggedLinkDelaysAndDrops() {
        Link link = new Link();
        assertThat(link.through(0, 1_250_000)).isEqualTo(1_000_000);
        link.rate(1_000);
        assertThat(link.through(0, 1_000)).isEqualTo(RingSimulation.SECOND);
        assertThat(link.through(0, 1_000)).isEqualTo(2 * RingSimulation.SECOND);
        assertThat(link.through(0, 1_000)).isEqualTo(3 * RingSimulation.SECOND);
        assertThat(link.through(0, 1_000)).isEqualTo(Network.NEVER);
    }

    @Test
    void connectionsAreKeptAndTheirHandshakesCharged() {
        RingSimulation simulation = new RingSimulation(3);
        SimNode one = simulation.node("ring");
        SimNode other = simulation.node("ring");
        one.start();
        other.start();
        Network network = simulation.network();
        assertThat(network.connect(one, other, 0)).isGreaterThan(0);
        assertThat(network.connect(one, other, 0)).isZero();
        assertThat(simulation.traffic().handshakes()).isEqualTo(1);
        assertThat(one.sentThisSecond + other.sentThisSecond).isEqualTo(Network.HANDSHAKE_BYTES);
        one.connections.discard(other);
        network.connect(one, other, 0);
        assertThat(simulation.traffic().handshakes()).isEqualTo(2);
        other.restart(9_000);
        network.connect(one, other, 0);
        assertThat(simulation.traffic().handshakes()).isEqualTo(3);
        assertThat(one.sentThisSecond + other.sentThisSecond).isEqualTo(3 * Network.HANDSHAKE_BYTES);
    }

    @Test
    void slownessDelaysButKeepsTheOrder() {
        RingSimulation simulation = ring(4, 3);
        SimNode slow = simulation.nodes().get(1);
        slow.slow(0.5);
        simulation.run(120);
        long before = slow.sent();
        simulation.run(20);
        assertThat(slow.sent()).isGreaterThan(before);
        assertThat(simulation.views().suspicions()).isPositive();
    }

    @Test
    void theWheelRunsTasksInOrder() {
        Wheel wheel = new Wheel();
        List<Long> ran = new ArrayList<>();
        for (long at : new long[] {30_000_000_000L, 5_000_000_000L, 1, 700_000_000L, 60_000_000_000L, 0}) {
            wheel.add(at, () -> ran.add(wheel.now()));
        }
        wheel.add(0, () -> wheel.add(wheel.now(), () -> ran.add(-1L)));
        wheel.runUntil(59_000_000_000L);
        assertThat(ran).hasSize(6);
        assertThat(ran.get(0)).isZero();
        assertThat(ran.get(1)).isEqualTo(-1L);
        assertThat(ran.subList(2, 6)).isSorted();
        assertThat(ran.get(3) - 700_000_000L).isBetween(0L, 131_072L);
        assertThat(ran.get(5) - 30_000_000_000L).isBetween(0L, 131_072L);
        wheel.runUntil(61_000_000_000L);
        assertThat(ran).hasSize(7);
    }

    @Test
    void whatIsRememberedCanBeForgotten() {
        RingSimulation simulation = new RingSimulation(5);
        simulation.forgetful();
        List<Effect.Changed> heard = new ArrayList<>();
        simulation.watch(new Watch() {
            @Override
            public void changed(SimNode viewer, SimNode subject, Effect.Changed changed) {
                heard.add(changed);
            }
        });
        simulation.ring(3);
        simulation.runUntil("all know all", 30, simulation::converged);
        assertThat(simulation.nodes().getFirst().seen).isEmpty();
        assertThat(heard).hasSize(6);
    }
}
