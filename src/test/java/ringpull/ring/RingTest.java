package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.sim.RingSimulation.digest;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.ring.Membership.Status;
import ringpull.sim.RingSimulation;
import ringpull.sim.SimNode;

/** The ring that ships, under virtual time; each scenario with many seeds. */
class RingTest {
    private static final double SCALE = Double.parseDouble(System.getenv().getOrDefault("RINGPULL_TEST_SCALE", "1.0"));

    private static void eachSeed(int seeds, LongConsumer scenario) {
        long count = Math.max(1, Math.round(seeds * SCALE));
        for (long seed = 1; seed <= count; seed++) {
            try {
                scenario.accept(seed);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    private static RingSimulation converged(long seed, int size) {
        RingSimulation simulation = new RingSimulation(seed);
        simulation.ring(size).forEach(node -> {
            for (int blob = 0; blob < 5; blob++) {
                node.hold(digest(node.index * 1_000L + blob), 100 + blob);
            }
        });
        simulation.runUntil("all know all", 20, simulation::converged);
        return simulation;
    }

    private static List<SimNode> nodes(RingSimulation simulation) {
        return simulation.nodes();
    }

    @Test
    void allJoinAtOnceThroughTwoSeeds() {
        eachSeed(50, seed -> converged(seed, 12));
    }

    @Test
    void aNodeAloneWorksAtOnceAndFindsTheOthersLater() {
        eachSeed(20, seed -> {
            RingSimulation simulation = new RingSimulation(seed);
            SimNode first = simulation.node("ring", "seed-1");
            SimNode second = simulation.node("ring", "seed-1");
            first.start();
            first.hold(digest(1), 10);
            assertThat(first.ring().members()).hasSize(1);
            simulation.run(100);
            assertThat(first.problemOf(first)).contains("alone in the ring").contains("connection refused");
            second.start();
            simulation.runUntil("the seed is asked for ever", 60, simulation::converged);
            simulation.run(0.2);
            assertThat(first.problemOf(first)).isEmpty();
        });
    }

    @Test
    void theDeadAreFoundOutAndNoHoldersAnyMore() {
        eachSeed(50, seed -> {
            RingSimulation simulation = converged(seed, 12);
            SimNode dead = nodes(simulation).get(7);
            dead.kill();
            SimNode asking = nodes(simulation).get(3);
            simulation.runUntil("everybody knows of the death", 20, simulation::converged);
            assertThat(asking.statusOf(dead)).isEqualTo(Status.DEAD);
            assertThat(asking.ring().holders(digest(7_000))).isEmpty();
        });
    }

    @Test
    void thoseThatLeaveAreGoneWithoutSuspicion() {
        eachSeed(50, seed -> {
            RingSimulation simulation = converged(seed, 12);
            SimNode leaver = nodes(simulation).get(7);
            leaver.leave();
            simulation.runUntil("some were told", 2, () -> leaver.left());
            leaver.kill();
            double seconds = simulation.runUntil("everybody knows that it left", 6, simulation::converged);
            assertThat(seconds).isLessThan(6);
            for (SimNode node : nodes(simulation)) {
                if (node != leaver) {
                    assertThat(node.statusOf(leaver)).isEqualTo(Status.LEFT);
                    assertThat(node.ring().holders(digest(7_000))).isEmpty();
                }
            }
        });
    }

    @Test
    void aNodeThatNobodyCanCallRefutesEachSuspicionThroughItsOwnCalls() {
        eachSeed(50, seed -> {
            RingSimulation simulation = converged(seed, 8);
            SimNode deaf = nodes(simulation).get(5);
            simulation.network().deaf(deaf);
            simulation.runUntil(
                    "it is suspected",
                    15,
                    () -> nodes(simulation).stream().anyMatch(node -> node.statusOf(deaf) == Status.SUSPECT));
            assertThat(nodes(simulation).get(1).knowsHolder(deaf, digest(5_000)))
                    .as("a suspect counts")
                    .isTrue();
            simulation.run(60);
            assertNobodyDied(simulation);
            simulation.network().heal();
            simulation.runUntil("the suspicion is refuted", 10, simulation::converged);
        });
    }

    @Test
    void aPausedNodeIsTakenBackAndAccusesNobody() {
        eachSeed(30, seed -> {
            RingSimulation simulation = converged(seed, 8);
            SimNode stopped = nodes(simulation).get(5);
            stopped.seen.clear();
            stopped.pause();
            simulation.run(25);
            assertThat(nodes(simulation).get(0).statusOf(stopped)).isEqualTo(Status.DEAD);
            stopped.resume();
            simulation.runUntil("it is known again with what it holds", 20, simulation::converged);
            assertThat(stopped.seen).noneMatch(changed -> changed.status() == Status.DEAD);
        });
    }

    @Test
    void timeThatANodeSleptDoesNotCountAgainstItsSuspects() {
        eachSeed(30, seed -> {
            RingSimulation simulation = converged(seed, 8);
            SimNode sleeper = nodes(simulation).get(5);
            SimNode suspect = nodes(simulation).get(2);
            simulation.network().deaf(suspect);
            simulation.runUntil("suspected", 30, () -> sleeper.statusOf(suspect) == Status.SUSPECT);
            sleeper.pause();
            simulation.network().heal();
            simulation.run(20);
            sleeper.resume();
            simulation.runUntil("all know all", 20, simulation::converged);
            assertThat(sleeper.seen).noneMatch(changed -> changed.status() == Status.DEAD);
        });
    }

    @Test
    void aLeapOfTheClockIsNoTimeThatPassed() {
        RingSimulation simulation = converged(1, 8);
        SimNode node = nodes(simulation).get(3);
        SimNode dead = nodes(simulation).get(2);
        dead.kill();
        simulation.runUntil("suspected", 10, () -> node.statusOf(dead) == Status.SUSPECT);
        long leap = node.clock() + 3_600 * RingSimulation.SECOND;
        node.ring().handle(new Event.Tick(), leap);
        assertThat(node.statusOf(dead)).as("an hour in one step is none").isEqualTo(Status.SUSPECT);
        assertThat(node.ring().wakeAt() - leap).isBetween(1L, RingSimulation.SECOND);
        for (int i = 1; i <= 600; i++) {
            node.ring().handle(new Event.Tick(), leap + i * RingSimulation.SECOND / 10);
        }
        assertThat(node.statusOf(dead)).isEqualTo(Status.DEAD);
    }

    @Test
    void aTickBeforeTheRingWantsOneDoesNothing() {
        RingSimulation simulation = converged(1, 8);
        SimNode node = nodes(simulation).get(3);
        int silent = 0;
        for (long now = node.clock(); now < node.clock() + 10 * RingSimulation.SECOND; now += 1_000_000) {
            boolean early = now < node.ring().wakeAt();
            List<Effect> effects = node.ring().handle(new Event.Tick(), now);
            if (early) {
                assertThat(effects).isEmpty();
                silent++;
            }
        }
        assertThat(silent).isGreaterThan(9_000);
    }

    @Test
    void whoIsWronglyHeldForDeadHearsOfItInTheFirstAnswer() {
        RingSimulation simulation = converged(1, 6);
        SimNode dead = nodes(simulation).get(4);
        dead.kill();
        simulation.run(60);
        Message ping = new Message(
                "ring", 1, 0, new Rumor(dead.member(), 0, Status.ALIVE), List.of(), List.of(), new Body.Ping());
        List<Effect> effects = nodes(simulation)
                .get(0)
                .ring()
                .handle(new Event.Asked(-1, ping), nodes(simulation).get(0).clock());
        assertThat(effects)
                .filteredOn(effect -> effect instanceof Effect.Answer)
                .singleElement()
                .isInstanceOfSatisfying(
                        Effect.Answer.class,
                        answer -> assertThat(answer.message().claims())
                                .anyMatch(claim ->
                                        claim.id().equals(dead.member().id()) && claim.status() == Status.DEAD));
    }

    @Test
    void aSuspectThatIsProbedHearsWhoAccusesItAndRefutes() {
        RingSimulation simulation = converged(1, 6);
        SimNode suspect = nodes(simulation).get(4);
        Member accuser = nodes(simulation).get(1).member();
        Claim claim = new Claim(suspect.member().id(), suspect.epoch(), 1, Status.SUSPECT, true, List.of(accuser.id()));
        simulation.runUntil(
                "eligible", 20, () -> suspect.ring().members().getFirst().eligible());
        SimNode other = nodes(simulation).get(2);
        other.happen(new Event.Asked(
                -1,
                new Message(
                        "ring",
                        2,
                        0,
                        new Rumor(accuser, 1, Status.ALIVE, true),
                        0,
                        List.of(),
                        List.of(claim),
                        Hashes.NONE,
                        List.of(),
                        new Body.Ping())));
        assertThat(stateOf(other, suspect).accusers()).containsExactly(accuser);
        simulation.runUntil("refuted", 3, () -> other.statusOf(suspect) == Status.ALIVE);
        assertThat(stateOf(other, suspect).accusers()).isEmpty();
    }

    @Test
    void whoIsDeadOrHasLeftIsNotEligible() {
        RingSimulation simulation = converged(1, 6);
        SimNode dead = nodes(simulation).get(4);
        SimNode leaver = nodes(simulation).get(5);
        SimNode other = nodes(simulation).get(2);
        simulation.runUntil(
                "all are eligible",
                20,
                () -> other.ring().members().stream().allMatch(Membership.MemberState::eligible));
        leaver.leave();
        simulation.runUntil("some were told", 2, () -> leaver.left());
        leaver.kill();
        dead.kill();
        simulation.runUntil("everybody knows", 20, simulation::converged);

        assertThat(other.ring().members())
                .filteredOn(Membership.MemberState::eligible)
                .hasSize(4)
                .allMatch(state -> state.status() == Status.ALIVE);
    }

    private static Membership.MemberState stateOf(SimNode seen, SimNode other) {
        return seen.ring().members().stream()
                .filter(state -> state.member().id().equals(other.member().id()))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void manyJoinAtOnceInMessagesOfBoundedSize() {
        RingSimulation simulation = new RingSimulation(1);
        simulation.tap(message -> {
            int bytes = message.rumors().stream().mapToInt(Rumor::weight).sum()
                    + message.claims().stream().mapToInt(Claim::weight).sum()
                    + message.deltas().stream().mapToInt(Delta::weight).sum();
            assertThat(bytes).isLessThanOrEqualTo(Differences.GIVEN_BYTES + 200);
        });
        List<SimNode> ring = simulation.ring(300);
        double seconds = simulation.runUntil("all know all", 30, simulation::converged);
        assertThat(seconds).isLessThan(5);
        assertThat(ring).allMatch(node -> node.seen.stream().noneMatch(changed -> changed.status() != Status.ALIVE));
    }

    @Test
    void aPartitionHeals() {
        eachSeed(30, seed -> {
            RingSimulation simulation = converged(seed, 12);
            simulation.network().cut((from, to) -> from.index < 6 != to.index < 6);
            simulation.runUntil(
                    "both halves are on their own",
                    40,
                    () -> nodes(simulation).stream().allMatch(node -> live(node) == 6));
            nodes(simulation).get(4).hold(digest(99), 99);
            nodes(simulation).get(5).drop(digest(5_000));
            simulation.network().heal();
            simulation.runUntil("they are one ring again, without the seeds' help", 40, simulation::converged);
        });
    }

    @Test
    void halvesThatForgotEachOtherMeetThroughTheSeeds() {
        RingSimulation simulation = converged(1, 6);
        simulation.network().cut((from, to) -> from.index % 2 != to.index % 2);
        simulation.run(25 * 3_600);
        assertThat(nodes(simulation).get(0).ring().members())
                .as("tombstones are bounded in time")
                .hasSize(3);
        simulation.network().heal();
        simulation.runUntil("they are one ring again", 150, simulation::converged);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.3})
    void lossDelaysButBreaksNothing(double loss) {
        eachSeed(20, seed -> {
            RingSimulation simulation = new RingSimulation(seed);
            simulation.network().loss(loss);
            List<SimNode> ring = simulation.ring(12);
            ring.forEach(node -> node.hold(digest(node.index), 1));
            simulation.run(30);
            nodes(simulation).get(3).kill();
            simulation.run(60);
            if (loss < 0.2) {
                ring.forEach(node -> assertThat(node.seen)
                        .filteredOn(changed -> changed.status() == Status.DEAD)
                        .as("deaths that %s saw", node.index)
                        .allMatch(changed -> changed.member().name().equals("node3")));
            }
            simulation.network().loss(0);
            simulation.runUntil("all know all", 30, simulation::converged);
        });
    }

    @Test
    void aRestartedNodeIsKnownAgainWithWhatItHoldsNow() {
        eachSeed(50, seed -> {
            RingSimulation simulation = converged(seed, 8);
            SimNode node = nodes(simulation).get(2);
            node.kill();
            node.blobs.remove(digest(2_000));
            node.blobs.put(digest(2_999), 7L);
            simulation.run((double) (seed % 3) * 6);
            node.restart(node.epoch() + 5_000);
            simulation.runUntil("known again", 15, simulation::converged);
            assertThat(nodes(simulation).get(6).ring().holders(digest(2_000))).isEmpty();
        });
    }

    @Test
    void anOldEpochNeverOverridesANewer() {
        RingSimulation simulation = converged(1, 4);
        SimNode node = nodes(simulation).get(2);
        Member old = node.member();
        node.restart(node.epoch() + 5_000);
        simulation.runUntil("known again", 15, simulation::converged);
        SimNode other = nodes(simulation).get(0);
        Rumor stale = new Rumor(old, 900, Status.LEFT);
        other.happen(new Event.Asked(
                -1,
                new Message(
                        "ring",
                        1,
                        0,
                        new Rumor(nodes(simulation).get(1).member(), 0, Status.ALIVE),
                        List.of(stale),
                        List.of(new Delta(old.id(), old.epoch(), 0, 9, List.of(new Change(9, digest(666), 1)))),
                        new Body.Ping())));
        assertThat(other.statusOf(node)).isEqualTo(Status.ALIVE);
        assertThat(other.ring().holders(digest(666))).isEmpty();
        assertThat(simulation.converged()).isTrue();
    }

    @Test
    void aClockThatWentBackIsOvertaken() {
        eachSeed(20, seed -> {
            RingSimulation simulation = converged(seed, 4);
            SimNode node = nodes(simulation).get(2);
            node.restart(node.epoch() - 1);
            node.hold(digest(77), 7);
            simulation.runUntil(
                    "it raised its epoch",
                    15,
                    () -> node.ring().self().epoch() > 1_002
                            && nodes(simulation).get(0).knowsHolder(node, digest(77)));
        });
    }

    @Test
    void inventoriesConvergeAfterManyChanges() {
        eachSeed(20, seed -> {
            RingSimulation simulation = converged(seed, 6);
            RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            for (int i = 0; i < 600; i++) {
                SimNode node = nodes(simulation).get(random.nextInt(6));
                if (random.nextInt(3) == 0 && !node.blobs.isEmpty()) {
                    node.drop(node.blobs.keySet().iterator().next());
                } else {
                    node.hold(digest(random.nextInt(300)), i);
                }
                simulation.run(0.02);
            }
            simulation.runUntil("all know all", 10, simulation::converged);
            simulation.run(5); // a blob of another size is no other holder
            assertNothingTooMuch(simulation, 300);
        });
    }

    @Test
    void aNodeThatMissedMoreChangesThanAreRememberedLearnsTheWhole() {
        eachSeed(5, seed -> {
            RingSimulation simulation = converged(seed, 4);
            SimNode behind = nodes(simulation).get(3);
            SimNode busy = nodes(simulation).get(1);
            simulation.network().cut((from, to) -> from == behind || to == behind);
            for (int i = 0; i < 3 * Inventory.OWN_LOG; i++) {
                busy.hold(digest(50_000 + i), 5);
                busy.drop(digest(50_000 + i - 7L));
            }
            busy.drop(digest(1_000));
            simulation.run(1);
            simulation.network().heal();
            simulation.runUntil("it caught up", 20, simulation::converged);
            assertThat(behind.ring().holders(digest(1_000))).isEmpty();
            assertThat(behind.ring().holders(digest(50_000))).isEmpty();
        });
    }

    @Test
    void aWholeInventoryArrivesInPages() {
        RingSimulation simulation = new RingSimulation(1);
        List<SimNode> ring = simulation.ring(3);
        for (int i = 0; i < Limits.INVENTORY_ENTRIES; i++) {
            ring.get(1).hold(digest(i), i);
        }
        ring.get(1).happen(new Event.Held(digest(-1), 1)); // one too many: not announced
        simulation.runUntil("all know all", 90, simulation::converged);
        assertThat(ring.get(2).ring().holders(digest(Limits.INVENTORY_ENTRIES - 1)))
                .hasSize(1);
    }

    @Test
    void aHintThatProvedWrongStaysAwayUntilItIsAnnouncedAgain() {
        RingSimulation simulation = converged(1, 4);
        SimNode asking = nodes(simulation).get(0);
        SimNode holder = nodes(simulation).get(2);
        asking.ring().disown(holder.member().id(), digest(2_000));
        simulation.run(20);
        assertThat(asking.knowsHolder(holder, digest(2_000))).isFalse();
        assertThat(nodes(simulation).get(1).knowsHolder(holder, digest(2_000))).isTrue();

        simulation.network().cut((from, to) -> from == holder || to == holder);
        simulation.runUntil("held for dead", 40, () -> asking.statusOf(holder) == Status.DEAD);
        simulation.network().heal();
        simulation.runUntil("its inventory comes anew", 40, () -> asking.knowsHolder(holder, digest(2_001)));
        assertThat(asking.knowsHolder(holder, digest(2_000)))
                .as("still disowned")
                .isFalse();

        asking.ring().disown(holder.member().id(), digest(2_001));
        for (int i = 0; i < 3 * Inventory.OWN_LOG; i++) {
            holder.hold(digest(60_000), i + 1L);
        }
        simulation.runUntil(
                "the whole inventory came again",
                20,
                () -> asking.ring().holders(digest(60_000)).stream()
                        .anyMatch(h -> h.sizeBytes() == 3L * Inventory.OWN_LOG));
        assertThat(asking.knowsHolder(holder, digest(2_001)))
                .as("still disowned")
                .isFalse();

        asking.ring().disown(holder.member().id(), digest(2_000));
        holder.drop(digest(2_000));
        holder.hold(digest(2_000), 100);
        simulation.runUntil("announced again", 5, () -> asking.knowsHolder(holder, digest(2_000)));
    }

    @Test
    void ringsOfDifferentNamesNeverMix() {
        eachSeed(20, seed -> {
            RingSimulation simulation = new RingSimulation(seed);
            for (int i = 0; i < 10; i++) {
                simulation.node(i % 2 == 0 ? "red" : "blue", "seed-0", "seed-1", "seed-3");
            }
            nodes(simulation).forEach(SimNode::start);
            simulation.runUntil("each ring knows its own", 60, simulation::converged);
            simulation.run(60);
            for (SimNode node : nodes(simulation)) {
                assertThat(node.ring().members())
                        .hasSize(5)
                        .allMatch(
                                state -> Integer.parseInt(state.member().name().substring(4)) % 2 == node.index % 2);
            }
            assertThat(nodes(simulation).get(0).ring().rejected()).isPositive();
        });
    }

    @Test
    void aSeedOfAnotherRingIsNamed() {
        RingSimulation simulation = new RingSimulation(1);
        SimNode stranger = simulation.node("blue", "seed-1");
        simulation.node("red").start();
        stranger.start();
        simulation.run(5);
        assertThat(stranger.problemOf(stranger)).contains("another ring").contains("[ring] cluster");
    }

    @Test
    void aPortThatCannotBeDialledBackIsShownOnBothSidesUntilItCan() {
        RingSimulation simulation = new RingSimulation(1);
        SimNode seed = simulation.node("ring");
        SimNode joiner = simulation.node("ring", "seed-0");
        seed.start();
        joiner.start();
        simulation.close(joiner, "data");
        simulation.runUntil(
                "both know",
                5,
                () -> joiner.problemOf(joiner).contains("10.0.0.2:7747 (data)")
                        && seed.problemOf(joiner).contains("10.0.0.2:7747 (data)"));
        simulation.run(100);
        assertThat(joiner.problemOf(joiner)).isNotEmpty();
        simulation.open(joiner, "data");
        simulation.runUntil(
                "both know",
                35,
                () -> joiner.problemOf(joiner).isEmpty()
                        && seed.problemOf(joiner).isEmpty());
    }

    @Test
    void messagesASecondDoNotGrowWithTheRing() {
        Rates three = rates(3);
        Rates twelve = rates(12);
        Rates hundred = rates(100);
        String all = three + " " + twelve + " " + hundred;
        assertThat(twelve.idle).as(all).isLessThan(1.1 * three.idle).isLessThan(5);
        assertThat(hundred.idle).as(all).isLessThan(1.1 * three.idle);
        assertThat(twelve.busy).as(all).isLessThan(1.1 * three.busy).isLessThan(25);
        assertThat(hundred.busy).as(all).isLessThan(25);
    }

    /** Messages a second and node, without changes and with ten blobs a second. */
    private record Rates(int size, double idle, double busy) {}

    private static Rates rates(int size) {
        RingSimulation simulation = new RingSimulation(size);
        List<SimNode> ring = simulation.ring(size);
        simulation.runUntil("all know all", 30, simulation::converged);
        simulation.run(30);
        double idle = messagesPerSecond(simulation, ring, () -> {});
        double busy = messagesPerSecond(simulation, ring, () -> {
            SimNode node = ring.get((int) (simulation.now() / 1_000_000 % size));
            node.hold(digest(simulation.now()), 1);
        });
        return new Rates(size, idle, busy);
    }

    private static double messagesPerSecond(RingSimulation simulation, List<SimNode> ring, Runnable eachTenthSecond) {
        long before = ring.stream().mapToLong(node -> node.sent()).sum();
        for (int i = 0; i < 600; i++) {
            eachTenthSecond.run();
            simulation.run(0.1);
        }
        long sent = ring.stream().mapToLong(node -> node.sent()).sum() - before;
        return sent / 60.0 / ring.size();
    }

    @Test
    void theSameSeedGivesTheSameTrace() {
        Set<Long> traces = new HashSet<>();
        for (long seed : new long[] {5, 5, 6}) {
            RingSimulation simulation = new RingSimulation(seed);
            simulation.network().loss(0.2);
            simulation.ring(9);
            simulation.run(20);
            nodes(simulation).get(4).kill();
            simulation.run(20);
            traces.add(simulation.trace());
        }
        assertThat(traces).hasSize(2);
    }

    private static long live(SimNode node) {
        return node.ring().members().stream()
                .filter(state -> state.status().counts())
                .count();
    }

    private static void assertNobodyDied(RingSimulation simulation) {
        for (SimNode node : nodes(simulation)) {
            assertThat(node.seen).noneMatch(changed -> changed.status() == Status.DEAD);
        }
    }

    private static void assertNothingTooMuch(RingSimulation simulation, int digests) {
        for (SimNode node : nodes(simulation)) {
            for (int i = 0; i < digests; i++) {
                for (Holders.Holder holder : node.ring().holders(digest(i))) {
                    SimNode other = nodes(simulation).stream()
                            .filter(n -> n.member().id().equals(holder.member().id()))
                            .findFirst()
                            .orElseThrow();
                    assertThat(other.blobs).containsEntry(digest(i), holder.sizeBytes());
                }
            }
        }
    }
}
