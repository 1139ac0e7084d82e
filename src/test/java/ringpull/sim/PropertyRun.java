package ringpull.sim;

import java.util.List;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.LongStream;
import ringpull.blob.Digest;

/** One run: the nodes join, things go wrong for a while and end, and all is well again; the properties hold throughout. */
final class PropertyRun {
    /** Seconds in which all join who start at once, and in which all is found again. */
    private static final double JOIN = 20;

    /** And after which all take part in the rendezvous order. */
    private static final double ELIGIBLE = 8;

    private static final double CALM = 30;
    private static final double CALM_AFTER_PARTING = 60;

    /** Seconds after which changes in a quiet ring are known everywhere. */
    static final double QUIET = 5;

    private static final int CHURN = 60;

    /** Fetches from the origin for each blob and ring, on average, while members come and go. */
    private static final double EGRESS = 1.15;

    private final FaultPlan plan;
    private final RingSimulation simulation;
    private final Properties properties;
    private final RandomGenerator random;
    private long digests;
    private int fetched;

    PropertyRun(FaultPlan plan) {
        this(plan, Tamper.NONE);
    }

    PropertyRun(FaultPlan plan, Tamper tamper) {
        this.plan = plan;
        simulation = new RingSimulation(plan.seed());
        simulation.tamper = tamper;
        properties = new Properties(simulation, plan);
        random = RandomGeneratorFactory.of("L64X128MixRandom").create(plan.seed() + 77);
        simulation.watch(properties);
    }

    /** Returns the trace's hash. */
    long run() {
        join();
        trouble();
        if (plan.canMeet()) {
            simulation.runUntil("all is found again", plan.parts() ? CALM_AFTER_PARTING : CALM, simulation::converged);
            quiet();
        }
        return simulation.trace();
    }

    private void join() {
        for (int i = 0; i < plan.size(); i++) {
            SimNode node = simulation.node(plan.strangers() && i % 3 == 1 ? "other" : "ring", seeds());
            for (int blob = 0; blob < plan.blobs(); blob++) {
                node.blobs.put(RingSimulation.digest(digests++), 100L + blob);
            }
            if (plan.storm()) {
                node.start();
            } else {
                simulation.at(FaultPlan.nanos(random.nextDouble(5)), node::start);
            }
        }
        simulation.run(plan.storm() ? 0 : 5.1);
        simulation.runUntil("join: all know all", JOIN, simulation::converged);
        simulation.run(ELIGIBLE);
    }

    /** Strangers also know the way to their own. */
    private String[] seeds() {
        if (plan.strangers()) {
            return new String[] {"seed-0", "seed-1", "seed-2"};
        }
        return plan.storm() ? new String[] {"seed-0"} : new String[] {"dns", "seed-1"};
    }

    private void trouble() {
        plan.schedule(simulation);
        properties.schedule();
        for (int i = 0; i < CHURN; i++) {
            simulation.run(FaultPlan.TROUBLE / CHURN);
            change();
            fetched += properties.fetchers(RingSimulation.digest(i));
        }
        simulation.run(0.5);
        simulation.network().heal();
        int rings = plan.strangers() ? 2 : 1;
        properties.require(
                !plan.mild() || !plan.aSeedStays() || fetched <= EGRESS * rings * CHURN,
                "egress:",
                fetched,
                "fetches of",
                CHURN,
                "blobs");
    }

    private void change() {
        SimNode node = simulation.nodes().get(random.nextInt(plan.size()));
        if (node.isOn() && !node.paused()) {
            if (random.nextInt(3) == 0 && !node.blobs.isEmpty()) {
                node.drop(node.blobs.keySet().iterator().next());
            } else {
                Digest digest =
                        RingSimulation.digest(random.nextInt(4) == 0 ? random.nextLong(digests + 1) : digests++);
                properties.held(node, digest);
                node.hold(digest, 7);
            }
        }
    }

    private void quiet() {
        for (int i = 0; i < 10; i++) {
            change();
        }
        // Within that time, not just at its end: a suspicion that is refuted in a moment may fall on any moment.
        simulation.runUntil("quiescence: views and inventories are equal", QUIET, simulation::converged);
        properties.nothingTooMuch(digests);
        simulation.run(15);
        properties.quietTraffic(10);
        properties.oneHomeForAll(digests);
        properties.require(
                simulation.madeUp() == 0, "no resurrection:", simulation.madeUp(), "members that never were");
    }

    /** Runs it again from the start; the same must happen. Returns the trace's hash. */
    static long twice(FaultPlan plan, Supplier<Tamper> tamper) {
        long trace = new PropertyRun(plan, tamper.get()).run();
        long again = new PropertyRun(plan, tamper.get()).run();
        if (trace != again) {
            throw new AssertionError("determinism: seed " + plan.seed() + " gave two traces; " + replay(plan.seed()));
        }
        return trace;
    }

    static String replay(long seed) {
        return "replay: mvn -B -ntp test -pl daemon -am -Dtest=RingPropertiesTest"
                + " -Dsurefire.failIfNoSpecifiedTests=false -Dringpull.seed=" + seed;
    }

    /** Runs the plan of a seed; what fails is said with the plan and how to run it again. */
    static long of(long seed) {
        FaultPlan plan = FaultPlan.draw(seed);
        try {
            return new PropertyRun(plan).run();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("seed " + seed + ": " + e.getMessage() + "\n" + plan + "\n" + replay(seed), e);
        }
    }

    static List<Long> seeds(int count) {
        Long one = Long.getLong("ringpull.seed");
        double scale = Double.parseDouble(System.getenv().getOrDefault("RINGPULL_TEST_SCALE", "1.0"));
        long last = Math.max(1, Math.round(count * scale));
        return one != null
                ? List.of(one)
                : LongStream.rangeClosed(1, last).boxed().toList();
    }
}
