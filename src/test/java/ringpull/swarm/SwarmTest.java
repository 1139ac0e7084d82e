package ringpull.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.swarm.sim.Scenario;
import ringpull.swarm.sim.SimulatedNode;
import ringpull.swarm.sim.SwarmSimulation;

/** Whole swarms of the shipping classes in virtual time, well and ill. Each failure names its seed. */
class SwarmTest {
    private static final long MIB = 1 << 20;
    private static final double LIMIT = 120;

    private static Scenario forty(long seed) {
        return Scenario.of(40, 200 * MIB).link(50_000_000).origin(50_000_000).seed(seed);
    }

    private static void completes(SwarmSimulation swarm) {
        assertThat(swarm.runUntil(LIMIT, () -> swarm.allDone() && swarm.pending() == 0))
                .as(swarm.describe())
                .isTrue();
    }

    private static void completesWithin(SwarmSimulation swarm, double egressMost) {
        completes(swarm);
        assertThat(swarm.egress()).as(swarm.describe()).isLessThanOrEqualTo(egressMost);
        assertThat(swarm.origin().openMost()).isLessThanOrEqualTo(SwarmLimits.BLOB_STREAMS);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8, 40})
    void oneCopyLeavesTheOriginAndTheLastIsNearlyAsFastAsOneAlone(int nodes) {
        Scenario scenario = Scenario.of(nodes, 200 * MIB)
                .link(50_000_000)
                .origin(50_000_000)
                .seed(nodes);
        SwarmSimulation swarm = new SwarmSimulation(scenario).startAll();

        completesWithin(swarm, 1.0001);

        assertThat(swarm.makespan() / scenario.idealSeconds()).isLessThan(1.25);
        assertThat(swarm.uploadedBytes()).isLessThanOrEqualTo((long) (1.01 * (nodes - 1) * scenario.bytes()));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 50})
    void theWayMayBeLong(int rttMillis) {
        Scenario scenario =
                Scenario.of(40, 400 * MIB).link(50_000_000).origin(50_000_000).rtt(rttMillis);
        SwarmSimulation swarm = new SwarmSimulation(scenario).startAll();

        completesWithin(swarm, 1.05);

        assertThat(swarm.makespan() / scenario.idealSeconds()).isLessThan(1.25);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1000, MIB - 1, MIB, MIB + 1, 9 * MIB - 5})
    void smallBlobsAndOddSizesComeWhole(long bytes) {
        SwarmSimulation swarm = new SwarmSimulation(Scenario.of(12, bytes)).startAll();

        completes(swarm);

        assertThat(swarm.origin().egress()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void theHomeDies(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed)).startAll();
        swarm.inSeconds(1.5, () -> swarm.kill(swarm.homes().getFirst()));

        completesWithin(swarm, 1.05 + 0.1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void theHomeFallsSilent(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed)).startAll();
        swarm.silentDeaths();
        swarm.inSeconds(1.5, () -> swarm.kill(swarm.homes().getFirst()));

        completesWithin(swarm, 1.05 + 0.1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void theHolderOfMostLeasesDies(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed)).startAll();
        swarm.inSeconds(1.5, () -> swarm.kill(mostLeases(swarm)));
        swarm.inSeconds(2.5, () -> swarm.kill(mostLeases(swarm)));

        completesWithin(swarm, 1.05 + 0.1);
    }

    private static SimulatedNode mostLeases(SwarmSimulation swarm) {
        return swarm.nodes().stream()
                .filter(node -> node.alive() && node != swarm.homes().getFirst())
                .max(Comparator.comparingLong(SimulatedNode::fromOrigin))
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void aThirdOfThePullersDie(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed)).startAll();
        if (seed % 2 == 0) {
            swarm.silentDeaths();
        }
        List<SimulatedNode> nodes = swarm.nodes();
        swarm.inSeconds(2, () -> nodes.subList(0, nodes.size() / 3).forEach(swarm::kill));

        completesWithin(swarm, 1.15);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void nodesComeAndGo(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed));
        List<SimulatedNode> nodes = swarm.nodes();
        for (int i = 0; i < 32; i++) {
            SimulatedNode first = nodes.get(i);
            swarm.inSeconds(0.003 * i, () -> swarm.start(first));
        }
        for (int i = 0; i < 8; i++) {
            SimulatedNode leaving = nodes.get(31 - i);
            SimulatedNode coming = nodes.get(32 + i);
            swarm.inSeconds(0.5 + 0.4 * i, () -> swarm.kill(leaving));
            swarm.inSeconds(0.7 + 0.4 * i, () -> swarm.start(coming));
        }

        completesWithin(swarm, 1.15);

        assertThat(swarm.doneCount()).isEqualTo(32);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void theOriginIsBusyHalfTheTime(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed)).startAll();
        swarm.origin().busyShare(0.5);

        completesWithin(swarm, 1.05);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void theOriginCutsEveryConnectionAfterFourMebibytes(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed)).startAll();
        swarm.origin().cutBytes(4 * MIB);

        completesWithin(swarm, 1.05);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void theOriginCutsInTheMiddleOfChunks(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed)).startAll();
        swarm.origin().cutBytes(MIB / 2 + 77);

        completesWithin(swarm, 1.05);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void twoMembersDisagreeOnWhoIsAlive(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed));
        SimulatedNode first = swarm.homes().get(0);
        SimulatedNode second = swarm.homes().get(1);
        SimulatedNode other = swarm.homes().get(5);
        // One that thinks the home dead, and one that thinks so of the next in rank.
        swarm.believe((viewer, member) ->
                (viewer == other && member == first) || (viewer == swarm.homes().get(7) && member == second));
        swarm.startAll();

        completesWithin(swarm, 1.05);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void theRingSplitsAndHeals(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed)).startAll();
        swarm.inSeconds(1, () -> swarm.cutBetween((a, b) -> a.index % 2 != b.index % 2));
        swarm.inSeconds(12, () -> swarm.cutBetween((a, b) -> false));

        completesWithin(swarm, 2.0); // each part has its own home: a copy each, less what both had before
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void messagesAreLost(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed).loss(0.1)).startAll();

        completesWithin(swarm, 1.15);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void someNodesAreSlow(long seed) {
        SwarmSimulation swarm = new SwarmSimulation(forty(seed)).startAll();
        List<SimulatedNode> slow = swarm.nodes().subList(0, 4);
        slow.forEach(node -> node.slower(10));

        assertThat(swarm.runUntil(
                        LIMIT,
                        () -> swarm.nodes().stream().allMatch(node -> slow.contains(node) || node.doneAt() >= 0)))
                .as(swarm.describe())
                .isTrue();
        double fast = swarm.makespan();
        completesWithin(swarm, 1.05);

        assertThat(fast / forty(seed).idealSeconds())
                .as("the others do not wait for the slow")
                .isLessThan(1.6);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 20})
    void aLateJoinerIsAsFastAsItsLink(int atSeconds) {
        Scenario scenario = forty(3);
        SwarmSimulation swarm = new SwarmSimulation(scenario);
        SimulatedNode late = swarm.nodes().getLast();
        swarm.nodes().stream().filter(node -> node != late).forEach(swarm::start);
        swarm.inSeconds(atSeconds, () -> swarm.start(late));

        assertThat(swarm.runUntil(atSeconds + 0.1, () -> late.alive() && late.doneAt() > 0))
                .isFalse();
        completesWithin(swarm, 1.001);

        assertThat(late.doneAt() - atSeconds).isLessThan(1.25 * scenario.idealSeconds());
    }

    @Test
    void oneCopyCrossesIntoARack() {
        Scenario scenario = Scenario.of(30, 120 * MIB).racks(3).link(50_000_000).origin(50_000_000);
        SwarmSimulation swarm = new SwarmSimulation(scenario).startAll();

        completesWithin(swarm, 1.05);

        // Of three racks each brings a part from the origin, and the rest of it once from the others.
        assertThat((double) swarm.links().betweenMembers() / scenario.bytes()).isLessThanOrEqualTo(2.1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void oneCopyCrossesASlowLinkToTheRackThatIsFarFromTheOrigin(long seed) {
        Scenario scenario = Scenario.of(8, 32 * MIB)
                .racks(2)
                .link(25_000_000)
                .origin(25_000_000)
                .rackLink(2_500_000)
                .seed(seed);
        SwarmSimulation swarm = new SwarmSimulation(scenario).startAll();

        completesWithin(swarm, 1.05);

        assertThat((double) swarm.links().bytes() / scenario.bytes()).isLessThanOrEqualTo(1.07);
        assertThat(swarm.makespan()).isLessThan(1.25 * scenario.bytes() / scenario.rackLinkBytes());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 6, 9, 10, 11, 12})
    void theHomeOfARackDies(long seed) {
        Scenario scenario = Scenario.of(30, 120 * MIB)
                .racks(3)
                .link(50_000_000)
                .origin(50_000_000)
                .seed(seed);
        SwarmSimulation swarm = new SwarmSimulation(scenario).startAll();
        swarm.inSeconds(1, () -> swarm.kill(swarm.homes().getFirst()));
        swarm.inSeconds(
                1.2,
                () -> swarm.kill(swarm.homes().stream()
                        .filter(node -> node.rack().equals("rack1") && node.alive())
                        .findFirst()
                        .orElseThrow()));

        completesWithin(swarm, 1.25);
    }

    @Test
    void anOriginThatRefusesEverybodyIsLeftToTheClients() {
        SwarmSimulation swarm = new SwarmSimulation(forty(1)).startAll();
        swarm.origin().refuse();

        assertThat(swarm.runUntil(
                        30,
                        () -> swarm.nodes().stream()
                                .noneMatch(node -> node.alone().isEmpty())))
                .as(swarm.describe())
                .isTrue();
    }

    @Test
    void aNodeWithoutAHomeGoesAlone() {
        SwarmSimulation swarm = new SwarmSimulation(forty(1));
        SimulatedNode lost = swarm.nodes().getFirst();
        swarm.believe((viewer, member) -> viewer == lost);
        swarm.start(lost);

        assertThat(swarm.runUntil(10, () -> !lost.alone().isEmpty())).isTrue();
    }

    @Test
    void theSameSeedGivesTheSameTrace() {
        long first = trace(5);

        assertThat(trace(5)).isEqualTo(first);
        assertThat(trace(6)).isNotEqualTo(first);
    }

    private static long trace(long seed) {
        SwarmSimulation swarm =
                new SwarmSimulation(forty(seed).loss(0.02)).traced().startAll();
        swarm.inSeconds(1.5, () -> swarm.kill(swarm.homes().getFirst()));
        completes(swarm);
        return swarm.traceHash();
    }
}
