package ringpull.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The same pull between neighbours over each way to the kernel that {@code [peer] io} knows, in plain text and with TLS. */
final class IoPaths {
    private static final Duration TIME = Duration.ofSeconds(170);
    private static final long BYTES = 512L << 20;
    private static final List<String> WAYS = List.of("epoll", "io_uring", "nio");

    private final Run run;
    private final long bytes;

    IoPaths(Run run) throws IOException {
        this.run = run;
        this.bytes = run.number("--bytes", BYTES);
    }

    /** One way, and what it took round by round. */
    private record Row(String io, String data, Neighbours nodes, List<Neighbours.Pull> pulls) {
        double median(ToDoubleFunction<Neighbours.Pull> figure) {
            return Measure.median(pulls.stream().mapToDouble(figure).toArray());
        }
    }

    String measure() throws IOException, InterruptedException {
        BenchCertificates certificates = BenchCertificates.make(run);
        List<Row> rows = new ArrayList<>();
        try (Nginx nginx = Nginx.start(run, certificates.of("origin"))) {
            Neighbours.Seed seed = Neighbours.Seed.make(run, nginx, bytes);
            for (String io : WAYS) {
                rows.add(row(seed, io, "plain", Optional.empty()));
                rows.add(row(seed, io, "tls", Optional.of(certificates)));
            }
            Rounds rounds = run.rounds(Rounds.USUAL, TIME);
            while (rounds.next()) {
                for (Row row : rows) {
                    Neighbours.Pull pull = row.nodes.pull(seed.blobs().get(rounds.turn()));
                    if (!rounds.warmUp()) {
                        row.pulls.add(pull);
                    }
                }
            }
            return report(rows, rounds);
        } finally {
            rows.forEach(row -> row.nodes.close());
        }
    }

    private Row row(Neighbours.Seed seed, String io, String data, Optional<BenchCertificates> certificates)
            throws IOException, InterruptedException {
        Neighbours nodes = Neighbours.start(run, io + "-" + data, seed, bytes, io, certificates);
        return new Row(io, data, nodes, new ArrayList<>());
    }

    private String report(List<Row> rows, Rounds rounds) {
        double gb = bytes / 1e9;
        System.out.println(Bench.format(
                "%-9s %-6s %10s %10s %16s %16s   (%d rounds)",
                "io", "data", "seconds", "MB/s", "client CPU s/GB", "server CPU s/GB", rounds.measured()));
        List<String> json = new ArrayList<>();
        for (Row row : rows) {
            double seconds = row.median(Neighbours.Pull::seconds);
            double client = row.median(Neighbours.Pull::client) / gb;
            double server = row.median(Neighbours.Pull::server) / gb;
            System.out.println(Bench.format(
                    "%-9s %-6s %8.2f s %10.0f %16.2f %16.2f",
                    row.io, row.data, seconds, bytes / 1e6 / seconds, client, server));
            boolean noisy = rounds.cutShort()
                    || Measure.spread(row.pulls.stream()
                                    .map(Neighbours.Pull::seconds)
                                    .toList())
                            > Measure.NOISE;
            json.add(Bench.format(
                    "{\"io\":\"%s\",\"data\":\"%s\",\"bytes\":%d,\"seconds\":%.3f,\"cpu_s_per_gb_client\":%.3f,"
                            + "\"cpu_s_per_gb_server\":%.3f,\"noisy\":%b}",
                    row.io, row.data, bytes, seconds, client, server, noisy));
        }
        return "{\"rows\":[" + String.join(",", json) + "],\"rounds\":" + rounds.measured() + "}";
    }
}
