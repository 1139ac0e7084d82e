package ringpull.bench;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * One daemon pulls a blob that its neighbour holds, until it is proven, on disk and durable. Beside it, round by round on
 * the same bytes: curl from nginx to a file that is synced, the same and then sha256sum, and each part alone.
 */
final class Pair {
    private static final Duration TIME = Duration.ofSeconds(170);
    private static final long BYTES = 2L << 30;

    /** Adds plain text in a ring with certificates, where each request is proven: the run takes half as long again. */
    private static final String ADMITTED = "--admitted";

    private final Run run;
    private final long bytes;

    Pair(Run run) throws IOException {
        this.run = run;
        this.bytes = run.number("--bytes", BYTES);
    }

    /** What one round measured, in seconds. */
    private record Round(
            Neighbours.Pull ringpull, double rival, double sha256, double copy, double hash, double write) {
        double limit() {
            return Math.max(copy, Math.max(hash, write));
        }
    }

    /** Plain text or TLS: who is measured, and what. */
    private record Row(String data, Neighbours nodes, URI rival, List<Round> rounds) {}

    String measure() throws IOException, InterruptedException {
        BenchCertificates certificates = BenchCertificates.make(run);
        try (Nginx nginx = Nginx.start(run, certificates.of("origin"))) {
            Neighbours.Seed seed = Neighbours.Seed.make(run, nginx, bytes);
            List<Row> rows = new ArrayList<>();
            try (Closer nodes = new Closer(rows)) {
                rows.add(row("plain", seed, nginx.url(false), Optional.empty()));
                rows.add(row("tls", seed, nginx.url(true), Optional.of(certificates)));
                if (run.has(ADMITTED)) {
                    rows.add(row("admitted", seed, nginx.url(false), Optional.of(certificates), "data = \"plain\""));
                }
                Rounds rounds = run.rounds(Rounds.USUAL, TIME);
                while (rounds.next()) {
                    String blob = seed.blobs().get(rounds.turn());
                    for (Row row : rows) {
                        if (rounds.warmUp()) {
                            row.nodes.pull(blob);
                        } else {
                            row.rounds.add(round(row, blob, rounds.turn() == 0));
                        }
                    }
                }
                return report(rows, rounds);
            }
        }
    }

    private record Closer(List<Row> rows) implements AutoCloseable {
        @Override
        public void close() {
            rows.forEach(row -> row.nodes.close());
        }
    }

    private Row row(
            String data, Neighbours.Seed seed, URI rival, Optional<BenchCertificates> certificates, String... peer)
            throws IOException, InterruptedException {
        return new Row(
                data, Neighbours.start(run, data, seed, bytes, "auto", certificates, peer), rival, new ArrayList<>());
    }

    /** @param rivalFirst in every other round: the disk is still busy with what was written before */
    private Round round(Row row, String blob, boolean rivalFirst) throws IOException, InterruptedException {
        Optional<Neighbours.Pull> first = rivalFirst ? Optional.empty() : Optional.of(row.nodes.pull(blob));
        String url = row.rival + "/" + RandomBlob.PATH + blob;
        String file = run.file("rival").toString();
        double rival = curl(url, file) + run.seconds("sync", file);
        double sum = run.seconds("sha256sum", file);
        double hash = run.seconds("openssl", "dgst", "-sha256", file);
        double copy = curl(url, "/dev/null");
        Neighbours.Pull ringpull = first.isPresent() ? first.get() : row.nodes.pull(blob);
        Files.delete(Path.of(file));
        // A third write of the same bytes in a round took twice as long as this one, since the disk falls behind: so
        // the rival's own time stands for write + fsync, though its copy is in it.
        return new Round(ringpull, rival, rival + sum, copy, hash, rival);
    }

    private double curl(String url, String file) throws IOException, InterruptedException {
        return run.seconds("curl", "-sSf", "--cacert", run.file("ca.pem").toString(), "-o", file, url);
    }

    private String report(List<Row> rows, Rounds rounds) throws IOException {
        System.out.println(Bench.format(
                "%-8s %10s %10s %14s %10s %14s %10s   (%d rounds)",
                "data",
                "ringpull",
                "curl+sync",
                "+ sha256sum",
                "limit",
                "vs +sha256sum",
                "vs limit",
                rounds.measured()));
        List<String> json = new ArrayList<>();
        for (Row row : rows) {
            json.add(report(row, rows.getFirst(), rounds));
        }
        return "{\"rows\":[" + String.join(",", json) + "],\"rounds\":" + rounds.measured() + "}";
    }

    private String report(Row row, Row plain, Rounds rounds) throws IOException {
        double gb = bytes / 1e9;
        List<Round> measured = row.rounds;
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("ringpull_s", median(measured, r -> r.ringpull.seconds()));
        figures.put("rival_s", median(measured, Round::rival));
        figures.put("rival_sha256_s", median(measured, Round::sha256));
        figures.put("ratio_vs_rival_sha256", median(measured, r -> r.ringpull.seconds() / r.sha256));
        figures.put(
                "ratio_vs_plain",
                median(IntStream.range(0, measured.size())
                        .mapToDouble(i -> measured.get(i).ringpull.seconds()
                                / plain.rounds.get(i).ringpull.seconds())));
        figures.put("limit_s", median(measured, Round::limit));
        figures.put("ratio_vs_limit", median(measured, r -> r.ringpull.seconds() / r.limit()));
        figures.put("proof_s", median(measured, r -> r.ringpull.proof()));
        figures.put("hash_s", median(measured, Round::hash));
        figures.put("copy_s", median(measured, Round::copy));
        figures.put("write_s", median(measured, Round::write));
        figures.put("cpu_s_per_gb_client", median(measured, r -> r.ringpull.client()) / gb);
        figures.put("cpu_s_per_gb_server", median(measured, r -> r.ringpull.server()) / gb);
        figures.put("rss_mib", row.nodes.puller().peakMib());
        System.out.println(Bench.format(
                "%-8s %8.2f s %8.2f s %12.2f s %8.2f s %14.2f %10.2f",
                row.data,
                figures.get("ringpull_s"),
                figures.get("rival_s"),
                figures.get("rival_sha256_s"),
                figures.get("limit_s"),
                figures.get("ratio_vs_rival_sha256"),
                figures.get("ratio_vs_limit")));
        boolean noisy = rounds.cutShort()
                || Measure.spread(measured.stream().map(Round::rival).toList()) > Measure.NOISE;
        StringBuilder json = new StringBuilder("{\"data\":\"" + row.data + "\",\"bytes\":" + bytes);
        figures.forEach((key, value) -> json.append(Bench.format(",\"%s\":%.3f", key, value)));
        return json + ",\"rounds\":" + rounds.measured() + ",\"noisy\":" + noisy + "}";
    }

    private static double median(DoubleStream figures) {
        return Measure.median(figures.toArray());
    }

    private static double median(List<Round> rounds, ToDoubleFunction<Round> figure) {
        return Measure.median(rounds.stream().mapToDouble(figure).toArray());
    }
}
