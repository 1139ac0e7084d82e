package ringpull.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import ringpull.blob.Chunk;
import ringpull.swarm.sim.Scenario;
import ringpull.swarm.sim.SwarmSimulation;

/** A cold start in virtual time. */
final class SwarmSim {
    private static final int CHUNKS_MOST = 10_240;
    private static final int CHUNKS_MOST_OF_FEW = 1 << 20;
    private static final int FEW_NODES = 8;
    private static final int CHUNKS_MOST_OF_MANY = 1_024;
    private static final int MANY_NODES = 2_000;
    private static final double PATIENCE = 20;

    private final Run run;

    SwarmSim(Run run) {
        this.run = run;
    }

    /** What was simulated, and how it went; times by the ideal. */
    private record Row(double rttMillis, Scenario scenario, SwarmSimulation swarm, double wallSeconds) {
        double makespan() {
            return swarm.makespan() / scenario.idealSeconds();
        }

        double median() {
            double[] times =
                    swarm.nodes().stream().mapToDouble(node -> node.doneAt()).toArray();
            return Measure.median(times) / scenario.idealSeconds();
        }

        String figures() {
            return Bench.format(
                    "\"rtt_ms\":%s,\"makespan\":%.4f,\"median\":%.4f,\"egress\":%.4f,\"origin_requests\":%d,"
                            + "\"home_messages_per_s\":%.0f,\"messages_per_node\":%d,\"state_bytes_per_puller\":%d,"
                            + "\"max_queue\":%d,\"wall_s\":%.1f",
                    rttMillis == Math.rint(rttMillis) ? String.valueOf((long) rttMillis) : String.valueOf(rttMillis),
                    makespan(),
                    median(),
                    swarm.egress(),
                    swarm.origin().requests(),
                    swarm.homeMessages() / swarm.makespan(),
                    swarm.messages() / scenario.nodes(),
                    swarm.stateBytes(),
                    swarm.queueMost(),
                    wallSeconds);
        }
    }

    String measure() throws IOException {
        boolean seed = run.text("--case", "").equals("seed");
        int nodes = (int) run.number("--nodes", 200);
        long bytes = seed ? 120_000_000_000L : bytes(run.text("--size", "1GiB"));
        long link = rate(run.text("--rate", seed ? "25gbit" : "1gbit"));
        long origin = rate(run.text("--origin-rate", seed ? "10gbit" : run.text("--rate", "1gbit")));
        int most = nodes <= FEW_NODES ? CHUNKS_MOST_OF_FEW : nodes > MANY_NODES ? CHUNKS_MOST_OF_MANY : CHUNKS_MOST;
        int scale = Math.ceilDiv(Chunk.count(bytes), most);
        if (scale > 1) {
            System.out.println(Bench.format(
                    "at most %d chunks a blob are simulated: each stands for %d, and links are %d times slower",
                    most, scale, scale));
        }
        List<Row> rows = new ArrayList<>();
        System.out.println(
                "rtt ms    makespan    median    egress    home messages/s    messages/node    refused/node    queue  "
                        + "  wall s");
        for (String rtt : run.text("--rtt", seed ? "1" : "1,10,50").split(",", -1)) {
            Scenario scenario = Scenario.of(nodes, bytes / scale)
                    .link(link / scale)
                    .origin(origin / scale)
                    .rtt(Double.parseDouble(rtt))
                    .seed(run.number("--seed", 1));
            Row row = row(scenario);
            rows.add(row);
            System.out.println(Bench.format(
                    "%6s %11.3f %9.3f %9.4f %18.0f %16d %15d %8d %9.1f",
                    rtt,
                    row.makespan(),
                    row.median(),
                    row.swarm.egress(),
                    row.swarm.homeMessages() / row.swarm.makespan(),
                    row.swarm.messages() / nodes,
                    row.swarm.refused() / nodes,
                    row.swarm.queueMost(),
                    row.wallSeconds));
        }
        Row worst = rows.stream().max(Comparator.comparingDouble(Row::makespan)).orElseThrow();
        String json = Bench.format(
                "{\"nodes\":%d,\"bytes\":%d,\"chunks\":%d,\"chunk_bytes\":%d,%s,\"ideal_s\":%.3f",
                nodes,
                bytes,
                worst.swarm.chunks(),
                (long) scale * Chunk.SIZE_BYTES,
                worst.figures(),
                worst.scenario.idealSeconds());
        if (seed) {
            // Direct pulls share the origin's link and nothing else.
            double direct = (double) bytes * nodes / origin;
            System.out.println(Bench.format(
                    "last node after %.1f s; %d direct pulls: %.0f s", worst.swarm.makespan(), nodes, direct));
            json += Bench.format(",\"seconds\":%.2f,\"direct_seconds\":%.1f", worst.swarm.makespan(), direct);
        }
        List<String> all = rows.stream().map(row -> "{" + row.figures() + "}").toList();
        return json + ",\"rows\":[" + String.join(",", all) + "]}";
    }

    private static Row row(Scenario scenario) throws IOException {
        long start = System.nanoTime();
        SwarmSimulation swarm = new SwarmSimulation(scenario).startAll();
        boolean all = swarm.runUntil(
                PATIENCE * scenario.idealSeconds() + PATIENCE, () -> swarm.doneCount() == scenario.nodes());
        if (!all) {
            throw new IOException("not all nodes have the blob: " + swarm.describe());
        }
        return new Row(scenario.rttMillis(), scenario, swarm, (System.nanoTime() - start) / 1e9);
    }

    /** Bytes of {@code 1TiB}, {@code 10GiB}, {@code 256MiB} or {@code 1000}. */
    static long bytes(String text) throws IOException {
        for (String[] unit : new String[][] {{"TiB", "40"}, {"GiB", "30"}, {"MiB", "20"}, {"KiB", "10"}}) {
            if (text.endsWith(unit[0])) {
                return number(text, unit[0]) << Integer.parseInt(unit[1]);
            }
        }
        return number(text, "");
    }

    /** Bytes a second of {@code 200mbit} or {@code 25gbit}. */
    static long rate(String text) throws IOException {
        return text.endsWith("gbit") ? number(text, "gbit") * 125_000_000 : number(text, "mbit") * 125_000;
    }

    private static long number(String text, String unit) throws IOException {
        try {
            return Long.parseLong(text.substring(0, text.length() - unit.length()));
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw new IOException("not a size or a rate: " + text, e);
        }
    }
}
