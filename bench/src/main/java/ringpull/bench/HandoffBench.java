package ringpull.bench;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToDoubleFunction;
import ringpull.demo.Containerd;
import ringpull.demo.NodeConfig;
import ringpull.demo.Programs;

/**
 * When the first and the last byte of a layer that two neighbours hold are at a real containerd: streamed as soon as both say
 * what they are, given only when the whole is proven, and straight from nginx.
 */
final class HandoffBench {
    private static final Duration TIME = Duration.ofSeconds(52);
    private static final Duration FETCH_MAX = Duration.ofSeconds(60);
    private static final long BYTES = 1L << 30;
    private static final String REPOSITORY = BenchNode.REGISTRY + "/bench/blob";
    private static final long LOOK_MILLIS = 1;

    private final Run run;
    private final long bytes;

    HandoffBench(Run run) throws IOException {
        this.run = run;
        this.bytes = run.number("--bytes", BYTES);
    }

    private record Times(double first, double last) {}

    private record Round(Times streaming, Times verified, Times direct) {}

    /** Two that hold all, and one that pulls from them, in a ring of their own. */
    private record Nodes(BenchNode one, BenchNode other, BenchNode puller) implements AutoCloseable {
        @Override
        public void close() {
            puller.close();
            other.close();
            one.close();
        }
    }

    String measure() throws IOException, InterruptedException {
        Optional<String> unavailable = Containerd.unavailable();
        if (unavailable.isPresent()) {
            throw new IOException(unavailable.get());
        }
        // In the run's own namespace: members on one address are one host.
        for (String address : List.of("127.0.0.2/8", "127.0.0.3/8")) {
            run.seconds("ip", "address", "add", address, "dev", "lo");
        }
        BenchCertificates certificates = BenchCertificates.make(run);
        try (Nginx nginx = Nginx.start(run, certificates.of("origin"))) {
            Neighbours.Seed seed = Neighbours.Seed.make(run, nginx, bytes);
            List<String> manifests = new ArrayList<>();
            for (String blob : seed.blobs()) {
                manifests.add(manifest(nginx.www(), blob));
            }
            try (Nodes streaming = nodes("s", "auto", seed, nginx, certificates);
                    Nodes verified = nodes("v", "verified", seed, nginx, certificates);
                    Containerd containerd = Containerd.start(run.file("c"))) {
                List<Round> measured = new ArrayList<>();
                Rounds rounds = run.rounds(Rounds.USUAL, TIME);
                while (rounds.next()) {
                    String blob = seed.blobs().get(rounds.turn());
                    String image = REPOSITORY + "@sha256:" + manifests.get(rounds.turn());
                    Round round = new Round(
                            through(containerd, streaming, blob, image),
                            through(containerd, verified, blob, image),
                            direct(containerd, blob, image, nginx));
                    if (!rounds.warmUp()) {
                        measured.add(round);
                    }
                }
                return report(measured, rounds);
            }
        }
    }

    private Nodes nodes(String name, String mode, Neighbours.Seed seed, Nginx nginx, BenchCertificates certificates)
            throws IOException, InterruptedException {
        BenchNode one = node(
                name + "1", "127.0.0.2", 3 * bytes, "auto", Optional.of(seed), nginx, certificates, Optional.empty());
        BenchNode other = node(
                name + "2", "127.0.0.3", 3 * bytes, "auto", Optional.of(seed), nginx, certificates, Optional.of(one));
        // Room for one blob, so that no round finds it there.
        long room = bytes + bytes / 2;
        return new Nodes(
                one,
                other,
                node(name + "p", "127.0.0.1", room, mode, Optional.empty(), nginx, certificates, Optional.of(one)));
    }

    private BenchNode node(
            String name,
            String address,
            long quota,
            String mode,
            Optional<Neighbours.Seed> seed,
            Nginx nginx,
            BenchCertificates certificates,
            Optional<BenchNode> joining)
            throws IOException, InterruptedException {
        NodeConfig.Certificates files = certificates.of(name);
        NodeConfig config = NodeConfig.first(
                        run.file(name), name, List.of(NodeConfig.Registry.open(BenchNode.REGISTRY, nginx.url(false))))
                .certificates(files.cert(), files.key(), files.ca())
                .peer("address = \"" + address + "\"")
                .quota((quota >> 20) + " MiB")
                .more("[handoff]\nmode = \"" + mode + "\"\n");
        if (seed.isPresent()) {
            Neighbours.copy(seed.get().state(), config.directory().resolve("state"));
        }
        NodeConfig last = joining.isPresent() ? config.joining(joining.get().control()) : config;
        return BenchNode.start(run, last, List.of());
    }

    /** An image of this one layer, for nginx to serve; the hex digits of its digest. */
    private String manifest(Path www, String blob) throws IOException {
        String config = sha256("{}");
        Path blobs = Files.createDirectories(www.resolve("v2/bench/blob/blobs"));
        Files.writeString(blobs.resolve("sha256:" + config), "{}");
        String text = """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":2},
            "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%d}]}
            """.formatted(config, blob, bytes);
        String hex = sha256(text);
        Path manifests = Files.createDirectories(www.resolve("v2/bench/blob/manifests"));
        Files.writeString(manifests.resolve("sha256:" + hex), text);
        return hex;
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private Times through(Containerd containerd, Nodes nodes, String blob, String image)
            throws IOException, InterruptedException {
        nodes.puller.awaitHolders(blob, 2);
        containerd.mirror(BenchNode.REGISTRY, nodes.puller.mirror(), URI.create("http://127.0.0.1:9"));
        return fetch(containerd, blob, image);
    }

    private Times direct(Containerd containerd, String blob, String image, Nginx nginx)
            throws IOException, InterruptedException {
        containerd.direct(BenchNode.REGISTRY, nginx.url(false));
        return fetch(containerd, blob, image);
    }

    /** Until the bytes are in containerd's own files; then it has nothing of the image any more. */
    private Times fetch(Containerd containerd, String blob, String image) throws IOException, InterruptedException {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            long start = System.nanoTime();
            Callable<Programs.Outcome> fetching = () -> containerd.ctr(
                    FETCH_MAX,
                    "content",
                    "fetch",
                    "--hosts-dir",
                    containerd.hosts().toString(),
                    image);
            Future<Programs.Outcome> ctr = threads.submit(fetching);
            double first = await(containerd, blob, 1, ctr, start);
            double last = await(containerd, blob, bytes, ctr, start);
            Programs.Outcome outcome = ctr.get();
            if (outcome.exit() != 0) {
                throw new IOException("ctr content fetch " + image + ":\n" + outcome.output());
            }
            containerd.ctr(FETCH_MAX, "images", "rm", "--sync", image);
            return new Times(first, last);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /** Seconds until containerd has so many bytes of the blob. */
    private static double await(
            Containerd containerd, String blob, long count, Future<Programs.Outcome> ctr, long start)
            throws IOException, InterruptedException {
        Path done = containerd.contentStore().resolve(blob);
        while (received(containerd, blob) < count && !Files.exists(done) && !ctr.isDone()) {
            Thread.sleep(LOOK_MILLIS);
        }
        return (System.nanoTime() - start) / 1e9;
    }

    private static long received(Containerd containerd, String blob) throws IOException {
        Path ingests = containerd.contentStore().resolve("../../ingest").normalize();
        if (!Files.isDirectory(ingests)) {
            return 0;
        }
        try (DirectoryStream<Path> each = Files.newDirectoryStream(ingests)) {
            for (Path ingest : each) {
                Path data = ingest.resolve("data");
                if (Files.readString(ingest.resolve("ref")).contains(blob)) {
                    return Files.size(data);
                }
            }
        } catch (NoSuchFileException e) {
            return 0; // begins, or ends just now
        }
        return 0;
    }

    private String report(List<Round> rounds, Rounds counted) {
        StringBuilder json = new StringBuilder("{");
        System.out.println(Bench.format("%-10s %12s %12s   (%d rounds)", "", "first byte", "last byte", rounds.size()));
        add(json, "streaming", rounds, Round::streaming);
        add(json, "verified", rounds, Round::verified);
        add(json, "direct", rounds, Round::direct);
        double ratio = Measure.median(rounds.stream()
                .mapToDouble(round -> round.streaming.last / round.direct.last)
                .toArray());
        boolean noisy = counted.cutShort()
                || Measure.spread(
                                rounds.stream().map(round -> round.direct.last).toList())
                        > Measure.NOISE;
        return json
                + Bench.format(
                        "\"streaming_over_direct\":%.3f,\"bytes\":%d,\"rounds\":%d,\"noisy\":%b}",
                        ratio, bytes, rounds.size(), noisy);
    }

    private interface Variant {
        Times of(Round round);
    }

    private static void add(StringBuilder json, String name, List<Round> rounds, Variant variant) {
        double first = median(rounds, round -> variant.of(round).first);
        double last = median(rounds, round -> variant.of(round).last);
        System.out.println(Bench.format("%-10s %10.3f s %10.3f s", name, first, last));
        json.append(Bench.format("\"%1$s_first_byte_s\":%2$.3f,\"%1$s_last_byte_s\":%3$.3f,", name, first, last));
    }

    private static double median(List<Round> rounds, ToDoubleFunction<Round> figure) {
        return Measure.median(rounds.stream().mapToDouble(figure).toArray());
    }
}
