package ringpull.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import ringpull.demo.NodeConfig;

/**
 * One daemon pulls a blob from one holder, and another pulls it from three; each holder is a host of its own whose link is
 * capped at one rate.
 */
final class FanIn {
    private static final Duration TIME = Duration.ofSeconds(170);
    private static final long BYTES = 256L << 20;
    private static final long MBIT_PER_SECOND = 200;
    private static final int MANY = 3;

    private final Run run;
    private final long bytes;
    private final long rate;

    FanIn(Run run) throws IOException {
        this.run = run;
        this.bytes = run.number("--bytes", BYTES);
        this.rate = run.number("--rate", MBIT_PER_SECOND);
    }

    /** A puller, and the seconds it took round by round. */
    private record Row(int holders, BenchNode puller, List<Double> seconds) {}

    String measure() throws IOException, InterruptedException {
        Deque<BenchNode> started = new ArrayDeque<>();
        Lab lab = Lab.open(run);
        try (Nginx nginx = Nginx.start(run, BenchCertificates.make(run).of("origin"))) {
            List<String> blobs =
                    List.of(RandomBlob.write(nginx.www(), 1, bytes), RandomBlob.write(nginx.www(), 2, bytes));
            List<Lab.Host> hosts = new ArrayList<>();
            List<Row> rows =
                    List.of(row(1, lab, nginx, blobs, hosts, started), row(MANY, lab, nginx, blobs, hosts, started));
            for (Lab.Host host : hosts) {
                lab.shape(host, rate);
            }
            Rounds rounds = run.rounds(Rounds.USUAL, TIME);
            while (rounds.next()) {
                for (Row row : rows) {
                    double seconds = row.puller.pull(blobs.get(rounds.turn()), row.holders);
                    if (!rounds.warmUp()) {
                        row.seconds.add(seconds);
                    }
                }
            }
            return report(rows, rounds);
        } finally {
            started.forEach(BenchNode::close);
        }
    }

    /** A ring of so many holders that have both blobs, and a puller. */
    private Row row(
            int holders, Lab lab, Nginx nginx, List<String> blobs, List<Lab.Host> hosts, Deque<BenchNode> started)
            throws IOException, InterruptedException {
        NodeConfig.Registry registry = NodeConfig.Registry.open(BenchNode.REGISTRY, nginx.url(Lab.OWN_ADDRESS));
        Optional<String> seed = Optional.empty();
        for (int i = 0; i < holders; i++) {
            Lab.Host host = lab.host();
            hosts.add(host);
            BenchNode node = node(host.name(), host.address(), seed, List.of(registry), 3 * bytes, host.enter());
            started.push(node);
            for (String blob : blobs) {
                node.fetch(blob);
            }
            seed = Optional.of(seed.orElse(node.control()));
        }
        BenchNode puller = node("puller" + holders, Lab.OWN_ADDRESS, seed, List.of(), bytes + bytes / 2, List.of());
        started.push(puller);
        return new Row(holders, puller, new ArrayList<>());
    }

    private BenchNode node(
            String name,
            String address,
            Optional<String> seed,
            List<NodeConfig.Registry> registries,
            long quota,
            List<String> enter)
            throws IOException, InterruptedException {
        Path directory = run.file(name);
        NodeConfig config = NodeConfig.first(directory, name, registries)
                .peer("address = \"" + address + "\"", "insecure = true")
                .quota((quota >> 20) + " MiB");
        return BenchNode.start(run, seed.isEmpty() ? config : config.joining(seed.get()), enter);
    }

    private String report(List<Row> rows, Rounds rounds) {
        List<Double> ratios = new ArrayList<>();
        List<Double> one = rows.getFirst().seconds;
        List<Double> many = rows.getLast().seconds;
        for (int i = 0; i < one.size(); i++) {
            ratios.add(one.get(i) / many.get(i));
        }
        double ratio = Measure.median(ratios);
        System.out.println(Bench.format(
                "%d MiB, each holder's link at %d Mbit/s, %d rounds", bytes >> 20, rate, rounds.measured()));
        List<String> json = new ArrayList<>();
        for (Row row : rows) {
            double seconds = Measure.median(row.seconds);
            double mbps = bytes * 8 / 1e6 / seconds;
            System.out.println(Bench.format("%d holders  %8.2f s  %8.0f Mbit/s", row.holders, seconds, mbps));
            json.add(Bench.format("{\"holders\":%d,\"seconds\":%.3f,\"mbps\":%.1f}", row.holders, seconds, mbps));
        }
        System.out.println(Bench.format("ratio      %8.2f", ratio));
        boolean noisy = rounds.cutShort() || Measure.spread(one) > Measure.NOISE;
        return Bench.format(
                "{\"rows\":[%s],\"ratio\":%.2f,\"bytes\":%d,\"rate_mbps\":%d,\"rounds\":%d,\"noisy\":%b}",
                String.join(",", json), ratio, bytes, rate, rounds.measured(), noisy);
    }
}
