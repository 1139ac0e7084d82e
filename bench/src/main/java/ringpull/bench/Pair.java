package ringpull.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.pki.Authority;
import ringpull.pki.MemberFiles;

/**
 * One daemon pulls a blob that its neighbour holds, until it is proven, on disk and durable. Beside it, round by round on
 * the same bytes: curl from nginx to a file that is synced, the same and then sha256sum, and each part alone.
 *
 * <p>Two blobs take turns, and the puller's quota has room for one: so its JVM stays warm and no round finds the blob there.
 * One round before the first is not counted.
 */
final class Pair {
    private static final long READY_MILLIS_MAX = 60_000;
    private static final long LOOK_MILLIS = 2;

    private final Path directory;
    private final long bytes;
    private final int rounds;
    private final Path log;

    Pair(Path directory, long bytes, int rounds) {
        this.directory = directory;
        this.bytes = bytes;
        this.rounds = rounds;
        this.log = directory.resolve("programs.log");
    }

    /** What one round measured, in seconds; CPU seconds for the last two. */
    private record Round(
            double ringpull,
            double rival,
            double sha256,
            double copy,
            double proof,
            double write,
            double client,
            double server) {
        double limit() {
            return Math.max(copy, Math.max(proof, write));
        }
    }

    String run() throws IOException, InterruptedException {
        List<String> blobs = List.of(blob(1), blob(2));
        certificates();
        List<String> rows = new ArrayList<>();
        System.out.println(Bench.format(
                "%-6s %10s %10s %14s %10s %14s %10s",
                "data", "ringpull", "curl+sync", "+ sha256sum", "limit", "vs +sha256sum", "vs limit"));
        for (String data : List.of("plain", "tls")) {
            rows.add(row(data, blobs));
        }
        return "{\"rows\":[" + String.join(",", rows) + "]}";
    }

    private String row(String data, List<String> blobs) throws IOException, InterruptedException {
        boolean tls = data.equals("tls");
        int port = freePort();
        Process nginx = nginx(port, tls, data);
        URI source = URI.create((tls ? "https" : "http") + "://127.0.0.1:" + port);
        try (NodeProcess holder = holder(data, tls, source);
                NodeProcess puller = puller(data, tls, holder)) {
            for (String blob : blobs) {
                get(holder, blob, "?ns=bench.test", "holder-" + data);
            }
            List<Round> measured = new ArrayList<>();
            for (int round = -1; round < rounds; round++) {
                Round figures = round(blobs.get((round + 1) % 2), source, holder, puller, "puller-" + data);
                if (round >= 0) {
                    measured.add(figures);
                }
            }
            return report(data, measured, Measure.mib(puller.pid(), "VmHWM"));
        } finally {
            nginx.destroy();
            nginx.waitFor();
        }
    }

    private Round round(String blob, URI source, NodeProcess holder, NodeProcess puller, String name)
            throws IOException, InterruptedException {
        double clientBefore = Measure.cpuSeconds(puller.pid());
        double serverBefore = Measure.cpuSeconds(holder.pid());
        double ringpull = get(puller, blob, "", name);
        double client = Measure.cpuSeconds(puller.pid()) - clientBefore;
        double server = Measure.cpuSeconds(holder.pid()) - serverBefore;

        String url = source + "/v2/bench/blob/blobs/sha256:" + blob;
        String file = directory.resolve("rival").toString();
        double rival = curl(url, file) + Measure.seconds(log, "sync", file);
        double sum = Measure.seconds(log, "sha256sum", file);
        double proof = Measure.seconds(log, "openssl", "dgst", "-sha256", file);
        double copy = curl(url, "/dev/null");
        Files.delete(Path.of(file));
        // A third write of the same bytes in a round took twice as long as this one, since the disk falls behind: so
        // the
        // rival's own time stands for write + fsync, though its copy is in it.
        return new Round(ringpull, rival, rival + sum, copy, proof, rival, client, server);
    }

    private double curl(String url, String file) throws IOException, InterruptedException {
        return Measure.seconds(
                log, "curl", "-sSf", "--cacert", directory.resolve("ca.pem").toString(), "-o", file, url);
    }

    /** Asks for the last byte, which leaves when all are proven; then waits for the file, which is renamed when it is synced. */
    private double get(NodeProcess node, String blob, String query, String name)
            throws IOException, InterruptedException {
        URI url = node.mirror().resolve("/v2/bench/blob/blobs/sha256:" + blob + query);
        Path stored = directory.resolve(name + "/state/blobs/sha256/" + blob);
        long deadline = System.nanoTime() + READY_MILLIS_MAX * 1_000_000;
        while (true) {
            long start = System.nanoTime();
            int exit = new ProcessBuilder("curl", "-sSf", "-r", "-1", "-o", "/dev/null", url.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start()
                    .waitFor();
            while (exit == 0) {
                if (Files.exists(stored)) {
                    return (System.nanoTime() - start) / 1e9;
                }
                if (System.nanoTime() > deadline) {
                    throw new IOException(stored + " did not appear");
                }
                Thread.sleep(LOOK_MILLIS);
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(
                        name + " does not get the blob: " + Files.readString(log) + Files.readString(node.log()));
            }
            Thread.sleep(LOOK_MILLIS); // the neighbour's announcement is on its way
        }
    }

    private String report(String data, List<Round> measured, double rssMib) {
        double gb = bytes / 1e9;
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("ringpull_s", median(measured, Round::ringpull));
        figures.put("rival_s", median(measured, Round::rival));
        figures.put("rival_sha256_s", median(measured, Round::sha256));
        figures.put("ratio_vs_rival_sha256", median(measured, r -> r.ringpull / r.sha256));
        figures.put("limit_s", median(measured, Round::limit));
        figures.put("ratio_vs_limit", median(measured, r -> r.ringpull / r.limit()));
        figures.put("proof_s", median(measured, Round::proof));
        figures.put("copy_s", median(measured, Round::copy));
        figures.put("write_s", median(measured, Round::write));
        figures.put("cpu_s_per_gb_client", median(measured, Round::client) / gb);
        figures.put("cpu_s_per_gb_server", median(measured, Round::server) / gb);
        figures.put("rss_mib", rssMib);
        System.out.println(Bench.format(
                "%-6s %8.2f s %8.2f s %12.2f s %8.2f s %14.2f %10.2f",
                data,
                figures.get("ringpull_s"),
                figures.get("rival_s"),
                figures.get("rival_sha256_s"),
                figures.get("limit_s"),
                figures.get("ratio_vs_rival_sha256"),
                figures.get("ratio_vs_limit")));
        boolean noisy = Measure.spread(measured.stream().map(Round::rival).toList()) > 0.2;
        StringBuilder json = new StringBuilder("{\"data\":\"" + data + "\",\"bytes\":" + bytes);
        figures.forEach((key, value) -> json.append(Bench.format(",\"%s\":%.3f", key, value)));
        return json + ",\"rounds\":" + measured.size() + ",\"noisy\":" + noisy + "}";
    }

    private static double median(List<Round> rounds, ToDoubleFunction<Round> figure) {
        return Measure.median(rounds.stream().mapToDouble(figure).toArray());
    }

    private NodeProcess holder(String data, boolean tls, URI origin) throws IOException, InterruptedException {
        List<NodeConfig.Registry> registries = List.of(new NodeConfig.Registry(
                "bench.test",
                List.of(origin),
                Optional.empty(),
                Optional.empty(),
                tls ? Optional.of(directory.resolve("ca.pem")) : Optional.empty()));
        NodeConfig config = NodeConfig.first(directory.resolve("holder-" + data), "holder", registries)
                .quota((bytes * 3 >> 20) + " MiB");
        return NodeProcess.start(secured(config, tls));
    }

    private NodeProcess puller(String data, boolean tls, NodeProcess holder) throws IOException, InterruptedException {
        NodeConfig config = NodeConfig.first(directory.resolve("puller-" + data), "puller", List.of())
                .joining(holder.control())
                .quota((bytes + bytes / 2 >> 20) + " MiB");
        return NodeProcess.start(secured(config, tls));
    }

    private NodeConfig secured(NodeConfig config, boolean tls) {
        return tls
                ? config.certificates(
                        directory.resolve(config.name() + ".pem"),
                        directory.resolve(config.name() + ".key"),
                        directory.resolve(Authority.CERTIFICATE_FILE))
                : config;
    }

    /** Random bytes where nginx serves them as a registry would; the hex digits of their digest. */
    private String blob(long seed) throws IOException {
        Path blobs = Files.createDirectories(directory.resolve("www/v2/bench/blob/blobs"));
        Path file = blobs.resolve("new");
        Random random = new Random(seed);
        byte[] step = new byte[1 << 20];
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), sha256)) {
                for (long left = bytes; left > 0; left -= step.length) {
                    random.nextBytes(step);
                    out.write(step, 0, (int) Math.min(step.length, left));
                }
            }
            String hex = HexFormat.of().formatHex(sha256.digest());
            Files.move(file, blobs.resolve("sha256:" + hex));
            return hex;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For the two daemons, which are known by them, and for the origin. */
    private void certificates() throws IOException {
        Authority authority = Authority.create("demo", Instant.now(), Duration.ofDays(2));
        authority.write(directory, true);
        for (String name : List.of("holder", "puller", "origin")) {
            MemberFiles.of(directory, name)
                    .issue(authority, Optional.empty(), List.of("127.0.0.1"), Instant.now(), Duration.ofDays(2), true);
        }
    }

    private Process nginx(int port, boolean tls, String name) throws IOException {
        Path config = directory.resolve("nginx-" + name + ".conf");
        String secured =
                tls ? "ssl_certificate %1$s/origin.pem; ssl_certificate_key %1$s/origin.key;".formatted(directory) : "";
        Files.writeString(config, """
            daemon off; master_process off; pid %1$s/nginx-%2$s.pid; error_log %1$s/nginx.log;
            events {}
            http {
              access_log off; sendfile on; default_type application/octet-stream;
              client_body_temp_path %1$s/t1; proxy_temp_path %1$s/t2; fastcgi_temp_path %1$s/t3;
              uwsgi_temp_path %1$s/t4; scgi_temp_path %1$s/t5;
              server { listen 127.0.0.1:%3$d%4$s; root %1$s/www; %5$s }
            }
            """.formatted(directory, name, port, tls ? " ssl" : "", secured));
        return new ProcessBuilder(
                        "nginx",
                        "-c",
                        config.toString(),
                        "-e",
                        directory.resolve("nginx.log").toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
