package ringpull.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;
import ringpull.blob.Digest;
import ringpull.ring.Effect;
import ringpull.ring.Membership.Status;
import ringpull.sim.RingSimulation;
import ringpull.sim.SimNode;
import ringpull.sim.Traffic;
import ringpull.sim.Watch;

/** The ring that ships, simulated with many nodes: joining, finding out about deaths, telling of blobs, and its bytes. */
final class RingSim {
    private static final int ANNOUNCEMENTS = 20;
    private static final int VICTIMS = 5;
    private static final double SLOWNESS = 0.3;
    private static final double LOSS = 0.1;
    private static final double LIMIT = 200;

    /** In a larger ring the minute with slow nodes and loss is left out, unless asked for with {@code --slow}. */
    private static final int SLOW_NODES = 3_000;

    private static final int IDLE_SECONDS = 10;

    private static final long PROGRESS_NANOS = 60_000_000_000L;

    private final Run run;
    private final int nodes;
    private final RingSimulation simulation;
    private final BytesByKind kinds;
    private final long start = System.nanoTime();
    private double memoryMib;
    private int phaseBegan;
    private long said = System.nanoTime();

    RingSim(Run run) throws IOException {
        this.run = run;
        nodes = (int) run.number("--nodes", 1_000);
        simulation = new RingSimulation(run.number("--seed", 1));
        simulation.forgetful();
        kinds = new BytesByKind(simulation, run.has("--seconds"));
        simulation.watch(kinds);
    }

    String measure() throws IOException, InterruptedException {
        String memberlist = run.has("--memberlist") ? memberlist() : "null";
        double join = join();
        sayPhase("all views are equal %.1f s after the last start", join);
        double settled = join + simulation.runUntil("all are full members", LIMIT, this::allEligible);
        sayPhase("all are full members %.1f s after the last start", settled);
        simulation.run(20);
        double idle = idle();
        sayPhase("idle: %.0f bytes/s and node", idle);
        List<Double> heard = announce();
        sayPhase("announced, known by all: p50 %.2f s, p99 %.2f s", percentile(heard, 50), percentile(heard, 99));
        List<Double> found = deaths();
        sayPhase(
                "one death, known by all: p50 %.1f s, p99 %.1f s, last %.1f s",
                percentile(found, 50), percentile(found, 99), percentile(found, 100));
        long falseDeaths = simulation.views().falseDeaths();
        boolean slow = nodes <= SLOW_NODES || run.has("--slow");
        if (slow) {
            falseDeaths += slowAndLossy();
        } else {
            sayPhase("left out: 60 s with slow nodes and loss (--slow)");
        }
        double[] mass = massDeath();
        sayPhase("30 %% dead at once: 99 %% of views right after %.1f s, all after %.1f s", mass[0], mass[1]);
        double peak = 0;
        long busiest = 0;
        for (Traffic.Second second : simulation.traffic().seconds()) {
            peak = Math.max(peak, second.mean());
            busiest = Math.max(busiest, second.most());
        }
        say("busiest second: %.0f bytes/s and node, %d of the busiest node", peak, busiest);
        double wall = (System.nanoTime() - start) / 1e9;
        say(
                "%.0f virtual seconds, %d messages, %d handshakes, %.2f MiB a node",
                simulation.seconds(),
                simulation.traffic().messages(),
                simulation.traffic().handshakes(),
                memoryMib);
        return Bench.format(
                "{\"nodes\":%d,\"join_s\":%.2f,\"eligible_s\":%.2f,\"detect_s_p50\":%.2f,\"detect_s_p99\":%.2f,\"detect_s_last\":%.2f,"
                    + "\"mass_death_99_s\":%.2f,\"mass_death_all_s\":%.2f,\"false_deaths\":%s,\"announce_s_p99\":%.3f,"
                    + "\"bytes_per_s_idle\":%.0f,\"bytes_per_s_peak\":%.0f,\"bytes_per_s_busiest_node\":%d,"
                    + "\"memory_mib_per_node\":%.3f,\"handshakes\":%d,\"trace\":\"%016x\",\"memberlist\":%s,"
                    + "\"cpu_s\":%.1f,\"wall_s\":%.1f}",
                nodes,
                join,
                settled,
                percentile(found, 50),
                percentile(found, 99),
                percentile(found, 100),
                mass[0],
                mass[1],
                slow ? Long.toString(falseDeaths) : "null",
                percentile(heard, 99),
                idle,
                peak,
                busiest,
                memoryMib,
                simulation.traffic().handshakes(),
                simulation.trace(),
                memberlist,
                cpuSeconds(),
                wall);
    }

    /** The same of HashiCorp's memberlist, in real time, with as many members as one process carries. */
    private String memberlist() throws IOException, InterruptedException {
        List<String> lines = new ArrayList<>();
        for (String members : List.of("30", "60", "100")) {
            Path answer = run.file("memberlist" + members);
            Process process = new ProcessBuilder("bench/target/memberlist", members)
                    .redirectOutput(answer.toFile())
                    .redirectError(run.log().toFile())
                    .start();
            if (process.waitFor() != 0) {
                throw new IOException(
                        "memberlist ended with " + process.exitValue() + ": " + Files.readString(run.log()));
            }
            lines.add(Files.readString(answer).strip());
            say("memberlist: %s", lines.getLast());
        }
        return lines.toString();
    }

    private void say(String text, Object... values) {
        System.out.println(Bench.format("%7.1f s  ", (System.nanoTime() - start) / 1e9) + Bench.format(text, values));
    }

    /** Says what a phase measured, and its busiest second. */
    private void sayPhase(String text, Object... values) {
        List<Traffic.Second> seconds = simulation.traffic().seconds();
        double peak = seconds.subList(phaseBegan, seconds.size()).stream()
                .mapToDouble(Traffic.Second::mean)
                .max()
                .orElse(0);
        phaseBegan = seconds.size();
        say(
                text + "; busiest second %.0f bytes a node: %s",
                Stream.concat(Stream.of(values), Stream.of(peak, kinds.busiestSecond()))
                        .toArray());
    }

    private boolean allRight() {
        if (System.nanoTime() - said > PROGRESS_NANOS) {
            said = System.nanoTime();
            say(
                    "at %.1f virtual seconds, %d pairs of node and member are wrong",
                    simulation.seconds(), simulation.views().wrongPairs());
        }
        return simulation.views().allRight();
    }

    private boolean allEligible() {
        return simulation.nodes().stream().allMatch(SimNode::isEligible);
    }

    /** Of this process: on a machine that is shared they say more than the wall clock. */
    private static double cpuSeconds() {
        return ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .orElse(Duration.ZERO)
                        .toMillis()
                / 1e3;
    }

    /** All start within a second and know three of them by the name of a service. */
    private double join() {
        for (int i = 0; i < nodes; i++) {
            SimNode node = simulation.node("ring", "dns");
            simulation.at((long) i * RingSimulation.SECOND / nodes, node::start);
        }
        simulation.run(1);
        double seconds = simulation.runUntil("all views are equal", LIMIT, this::allRight);
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        memoryMib = (runtime.totalMemory() - runtime.freeMemory()) / (double) (1 << 20) / nodes;
        return seconds;
    }

    private double idle() {
        simulation.run(IDLE_SECONDS);
        List<Traffic.Second> seconds = simulation.traffic().seconds();
        return seconds.subList(seconds.size() - IDLE_SECONDS, seconds.size()).stream()
                .mapToDouble(Traffic.Second::mean)
                .average()
                .orElseThrow();
    }

    /** Seconds from an announcement until a node names the holder, for each of them and each node. */
    private List<Double> announce() {
        List<Double> heard = new ArrayList<>();
        List<Announced> open = new ArrayList<>();
        for (int i = 0; i < ANNOUNCEMENTS; i++) {
            SimNode holder = simulation.nodes().get((int) ((long) i * nodes / ANNOUNCEMENTS));
            Announced announced = new Announced(holder, RingSimulation.digest(1_000_000 + i), simulation.now());
            holder.hold(announced.digest, 1);
            open.add(announced);
            simulation.run(0.05);
        }
        simulation.runUntil("all know of all blobs", 60, () -> {
            open.forEach(announced -> announced.look(heard));
            return heard.size() == ANNOUNCEMENTS * (nodes - 1);
        });
        return heard;
    }

    private final class Announced {
        private final SimNode holder;
        private final Digest digest;
        private final long at;
        private final BitSet unaware = new BitSet();

        private Announced(SimNode holder, Digest digest, long at) {
            this.holder = holder;
            this.digest = digest;
            this.at = at;
            unaware.set(0, nodes);
            unaware.clear(holder.index);
        }

        private void look(List<Double> heard) {
            for (int i = unaware.nextSetBit(0); i >= 0; i = unaware.nextSetBit(i + 1)) {
                if (simulation.nodes().get(i).knowsHolder(holder, digest)) {
                    unaware.clear(i);
                    heard.add(seconds(simulation.now() - at));
                }
            }
        }
    }

    /** Hosts lose their power, one after another; seconds until a node no longer counts one, for each of them and each node. */
    private List<Double> deaths() {
        List<Double> found = new ArrayList<>();
        long[] diedAt = new long[nodes];
        simulation.watch(new Watch() {
            @Override
            public void changed(SimNode viewer, SimNode subject, Effect.Changed changed) {
                if (diedAt[subject.index] > 0
                        && viewer.running()
                        && !changed.status().counts()
                        && simulation.views().counts(viewer, subject)) {
                    found.add(seconds(simulation.now() - diedAt[subject.index]));
                }
            }
        });
        for (int i = 0; i < VICTIMS; i++) {
            int victim = nodes / 2 + i * 7;
            diedAt[victim] = simulation.now();
            simulation.nodes().get(victim).vanish();
            simulation.run(1);
        }
        simulation.runUntil("all know of the deaths", LIMIT, this::allRight);
        for (int i = 0; i < VICTIMS; i++) {
            diedAt[nodes / 2 + i * 7] = 0;
        }
        return found;
    }

    /** False deaths of healthy nodes within a minute, counted at each node that saw one. */
    private long slowAndLossy() {
        long suspicions = simulation.views().suspicions();
        long calm = simulation.views().falseDeaths();
        long[] wronged = {0};
        simulation.watch(new Watch() {
            @Override
            public void changed(SimNode viewer, SimNode subject, Effect.Changed changed) {
                boolean dead = changed.status() == Status.DEAD;
                wronged[0] += dead && subject.running() && subject.index % 10 != 7 ? 1 : 0;
            }
        });
        slow(SLOWNESS);
        simulation.network().loss(LOSS);
        simulation.run(60);
        simulation.network().heal();
        slow(0);
        simulation.runUntil("all views are equal again", LIMIT, this::allRight);
        sayPhase(
                "60 s with 10 %% of nodes slow and 10 %% loss: %d suspicions, %d false deaths of healthy nodes, %d of"
                        + " slow ones",
                simulation.views().suspicions() - suspicions,
                wronged[0],
                simulation.views().falseDeaths() - calm - wronged[0]);
        return wronged[0];
    }

    private void slow(double seconds) {
        simulation.nodes().stream().filter(node -> node.index % 10 == 7).forEach(node -> node.slow(seconds));
    }

    /** Seconds until 99 % of the living have an exactly right view, and until all have. */
    private double[] massDeath() {
        List<SimNode> living =
                simulation.nodes().stream().filter(SimNode::running).toList();
        for (int i = 0; i < living.size(); i++) {
            if (i % 10 < 3) {
                living.get(i).vanish();
            }
        }
        double most = simulation.runUntil(
                "99 % of views are right", LIMIT, () -> simulation.views().shareRight() >= 0.99);
        double rest = simulation.runUntil("all views are right", LIMIT, this::allRight);
        return new double[] {most, most + rest};
    }

    private static double seconds(long nanos) {
        return nanos / (double) RingSimulation.SECOND;
    }

    private static double percentile(List<Double> values, int percent) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.isEmpty() ? Double.NaN : sorted.get((sorted.size() - 1) * percent / 100);
    }
}
