package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import ringpull.cli.ControlClient;
import ringpull.config.Config;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.guest.Scenarios;
import ringpull.tls.TestCertificates;
import ringpull.transport.TestBlobs;
import ringpull.v1.HoldersReply;

/** Daemons that read each other's blobs as disks, with a real kernel between: run in a guest. */
public final class NvmeofScenarios {
    private static final Duration CEILING = Duration.ofSeconds(90);
    private static final int SIZE = (24 << 20) + 17;
    /** More runs than are asked for at a time: some are left to ask for when the first one is here. */
    private static final int MANY_RUNS = (64 << 20) + 17;

    private final Path directory;
    private final HttpServer registry;
    private final Map<String, byte[]> origin = new ConcurrentHashMap<>();
    private final HttpClient client = HttpClient.newHttpClient();
    private final TestCertificates ring;
    private final Path helperSocket;
    private Process helper;
    private long seeds;

    private NvmeofScenarios(Path directory) throws Exception {
        this.directory = directory;
        ring = new TestCertificates(directory, "ring");
        helperSocket = directory.resolve("h.sock");
        helper = startHelper();
        registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        registry.createContext("/v2/team/app/blobs/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            byte[] blob = origin.getOrDefault(path.substring(path.lastIndexOf('/') + 1), new byte[0]);
            exchange.sendResponseHeaders(blob.length == 0 ? 404 : 200, blob.length == 0 ? -1 : blob.length);
            try (exchange) {
                exchange.getResponseBody().write(blob);
            }
        });
        registry.start();
    }

    public static void main(String[] arguments) throws Exception {
        NvmeofScenarios all = new NvmeofScenarios(Files.createTempDirectory("r"));
        Path mount = all.xfs();
        try (NodeProcess disk = NodeProcess.start(all.node("a", mount.resolve("a"), 4420));
                NodeProcess memory = NodeProcess.start(
                        all.node("b", all.directory.resolve("b"), 4421).joining(disk.control()))) {
            new Scenarios()
                    .add("daemons pull over NVMe-oF alone", () -> all.pull(disk, memory))
                    .add(
                            "what a hostile host wrote is found by the proof, and TCP goes on",
                            () -> all.hostileWriter(disk, memory))
                    .add("where the target goes mid-blob, TCP goes on", () -> all.targetGoes(memory, disk))
                    .add("a killed holder's exports go", () -> all.holderKilled(disk, memory))
                    .run();
        }
        all.helper.destroy();
        all.registry.stop(0);
        all.client.close();
    }

    /** Where files can share blocks: what is shown of it could be written. */
    private Path xfs() throws IOException, InterruptedException {
        Path image = directory.resolve("xfs.img");
        Path mount = Files.createDirectory(directory.resolve("xfs"));
        run("truncate", "-s", "512M", image.toString());
        run("mkfs.xfs", "-q", image.toString());
        run("mount", "-o", "loop", image.toString(), mount.toString());
        return mount;
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }

    private Process startHelper() throws IOException {
        Process process = new ProcessBuilder(
                        NodeProcess.command(List.of("helper", "--socket", helperSocket.toString(), "--user", "root")))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.inputReader().readLine()).startsWith("ready: ");
        return process;
    }

    /** One that reads slowly, so that a blob is half there for seconds, also for those in which its holder is not ready. */
    private NodeConfig node(String name, Path where, int port) throws IOException {
        Config.Tls files = ring.member("demo", name, Instant.now());
        URI endpoint = URI.create("http://127.0.0.1:" + registry.getAddress().getPort());
        return NodeConfig.first(where, name, List.of(NodeConfig.Registry.open("registry.test", endpoint)))
                .certificates(files.cert(), files.key(), files.ca())
                .peer("address = \"127.0.0.1\"", "data = \"plain\"")
                .more("[limits]\ndownload = \"8 MiB\"\n[handoff]\nheader_wait = \"30 s\"\n[nvmeof]\nenabled = true\n"
                        + "memory = \"512 MiB\"\nport = " + port + "\n[helper]\nsocket = \"" + helperSocket + "\"");
    }

    /** A blob that the holder has, and nobody else. */
    private byte[] held(NodeProcess holder, NodeProcess reader, int size) throws Exception {
        byte[] blob = new byte[size];
        new Random(seeds++).nextBytes(blob);
        origin.put(TestBlobs.digest(blob).toString(), blob);
        // A slow machine's registry may not answer in the daemon's time; that is not what is tried here.
        Cluster.await("the blob at its holder", () -> send(holder, blob).statusCode() == 200);
        awaitHolder(reader, holder.name(), blob);
        origin.clear();
        return blob;
    }

    private void pull(NodeProcess holder, NodeProcess reader) throws Exception {
        Cluster.await("a blob that comes over NVMe-oF alone", () -> comesAlone(holder, reader));

        assertThat(holder.metric("ringpull_nvmeof_shown", Map.of())).isPositive();
    }

    /** Where a busy machine's kernel does not answer in time, TCP takes over: that is right, and not what is tried here. */
    private boolean comesAlone(NodeProcess holder, NodeProcess reader) throws Exception {
        byte[] blob = held(holder, reader, SIZE);
        double before = brought(reader, "nvmeof");
        double served = holder.metric("ringpull_served_bytes_total", Map.of());

        assertThat(pull(reader, blob)).as(log(reader)).isEqualTo(blob);

        return brought(reader, "nvmeof") - before == SIZE
                && holder.metric("ringpull_served_bytes_total", Map.of()) == served;
    }

    /** Something done to what is read, while the reader stands still. */
    private interface Mishap {
        void happens() throws Exception;
    }

    /**
     * Lets something happen when the reader has a part of a blob.
     *
     * @return the blob, which the reader's client got all the same
     */
    private byte[] pullThrough(NodeProcess holder, NodeProcess reader, Mishap mishap) throws Exception {
        double before = brought(reader, "tcp");
        double some = brought(reader, "nvmeof");
        byte[] blob = held(holder, reader, MANY_RUNS);
        CompletableFuture<HttpResponse<byte[]>> pulling =
                client.sendAsync(request(reader, blob), HttpResponse.BodyHandlers.ofByteArray());
        Cluster.await("a run over NVMe-oF", () -> brought(reader, "nvmeof") > some);
        signal(reader, "STOP");
        mishap.happens();
        signal(reader, "CONT");

        assertThat(pulling.get(CEILING.toSeconds(), TimeUnit.SECONDS).body())
                .as(log(reader))
                .isEqualTo(blob);
        assertThat(brought(reader, "tcp")).as(log(reader)).isGreaterThan(before);
        return blob;
    }

    private void targetGoes(NodeProcess holder, NodeProcess reader) throws Exception {
        pullThrough(holder, reader, () -> {
            helper.destroy();
            helper.waitFor();
        });
        helper = startHelper();
    }

    private void hostileWriter(NodeProcess holder, NodeProcess reader) throws Exception {
        double faults = reader.metric("ringpull_faults_total", Map.of());

        byte[] blob = pullThrough(holder, reader, () -> {
            for (Path disk : disks()) {
                overwrite(disk);
            }
        });

        assertThat(reader.metric("ringpull_faults_total", Map.of()))
                .as(log(reader))
                .isGreaterThan(faults);
        assertThat(reader.metric("ringpull_quarantines_total", Map.of()))
                .as("the holder is not to blame")
                .isZero();
        assertThat(pull(holder, blob)).as("what the holder stores").isEqualTo(blob);
        assertThat(pull(reader, blob)).as("what the reader stores").isEqualTo(blob);
    }

    private void holderKilled(NodeProcess holder, NodeProcess reader) throws Exception {
        reader.stop(); // it reads from nobody by NVMe-oF who failed a moment ago
        try (NodeProcess fresh = NodeProcess.start(reader.config())) {
            byte[] blob = held(holder, fresh, SIZE);
            assertThat(pull(fresh, blob)).as(log(fresh)).isEqualTo(blob);
            assertThat(holder.metric("ringpull_nvmeof_shown", Map.of())).isOne();

            holder.kill();

            Cluster.await("a killed holder's exports to go", () -> subsystems() == 0);
        }
    }

    /** Disks of other nodes that this kernel has. */
    private static List<Path> disks() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/sys/class/block"))) {
            return all.map(path -> String.valueOf(path.getFileName()))
                    .filter(name -> name.matches("nvme\\d+n\\d+"))
                    .map(name -> Path.of("/dev", name))
                    .toList();
        }
    }

    /** All of it, past the page cache. */
    private static void overwrite(Path disk) throws IOException, InterruptedException {
        run(
                "dd",
                "if=/dev/urandom",
                "of=" + disk,
                "bs=1M",
                "count=" + (MANY_RUNS >> 20),
                "oflag=direct",
                "conv=notrunc");
    }

    private static void signal(NodeProcess node, String signal) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + signal, Long.toString(node.pid()))
                .start()
                .waitFor();
    }

    private static long subsystems() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/sys/kernel/config/nvmet/subsystems"))) {
            return all.count();
        }
    }

    private byte[] pull(NodeProcess node, byte[] blob) throws Exception {
        HttpResponse<byte[]> answer = send(node, blob);
        assertThat(answer.statusCode()).as(log(node)).isEqualTo(200);
        return answer.body();
    }

    private HttpResponse<byte[]> send(NodeProcess node, byte[] blob) throws IOException, InterruptedException {
        return client.send(request(node, blob), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static HttpRequest request(NodeProcess node, byte[] blob) {
        return HttpRequest.newBuilder(
                        node.mirror().resolve("/v2/team/app/blobs/" + TestBlobs.digest(blob) + "?ns=registry.test"))
                .timeout(CEILING)
                .build();
    }

    private static String log(NodeProcess node) throws IOException, InterruptedException {
        StringBuilder brought = new StringBuilder();
        for (String transport : List.of("nvmeof", "tcp")) {
            brought.append(transport)
                    .append(": ")
                    .append(brought(node, transport))
                    .append('\n');
        }
        for (String source : List.of("peer", "origin")) {
            brought.append(source)
                    .append(": ")
                    .append(node.metric("ringpull_received_bytes_total", Map.of("source", source)))
                    .append('\n');
        }
        return Files.readString(node.log()) + brought;
    }

    private static double brought(NodeProcess node, String transport) throws IOException, InterruptedException {
        return node.metric("ringpull_transport_received_bytes_total", Map.of("transport", transport));
    }

    private static void awaitHolder(NodeProcess asked, String holder, byte[] blob) throws Exception {
        String digest = TestBlobs.digest(blob).toString();
        try (ControlClient control = ControlClient.open(asked.socket())) {
            asked.await(
                    "to know the holder",
                    CEILING,
                    () -> control.holders(digest, "").getBlobsList().stream()
                            .flatMap(row -> row.getHoldersList().stream())
                            .map(HoldersReply.Holder::getMember)
                            .anyMatch(holder::equals));
        }
    }
}
