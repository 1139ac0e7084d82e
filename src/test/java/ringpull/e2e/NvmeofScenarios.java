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
    private static final int SIZE = (40 << 20) + 17;

    private final Path directory;
    private final HttpServer registry;
    private final Map<String, byte[]> origin = new ConcurrentHashMap<>();
    private final HttpClient client = HttpClient.newHttpClient();
    private final TestCertificates ring;
    private final Path helperSocket;
    private Process helper;

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
        new Scenarios()
                .add("daemons pull over NVMe-oF alone", all::pull)
                .add("where the target goes mid-blob, TCP goes on", all::targetGoes)
                .run();
        all.helper.destroy();
        all.registry.stop(0);
        all.client.close();
    }

    private Process startHelper() throws IOException {
        Process process = new ProcessBuilder(
                        NodeProcess.command(List.of("helper", "--socket", helperSocket.toString(), "--user", "root")))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.inputReader().readLine()).startsWith("ready: ");
        return process;
    }

    private NodeConfig node(String name, int port) throws IOException {
        Config.Tls files = ring.member("demo", name, Instant.now());
        URI endpoint = URI.create("http://127.0.0.1:" + registry.getAddress().getPort());
        return NodeConfig.first(
                        directory.resolve(name), name, List.of(NodeConfig.Registry.open("registry.test", endpoint)))
                .certificates(files.cert(), files.key(), files.ca())
                .peer("address = \"127.0.0.1\"", "data = \"plain\"")
                .more("[handoff]\nheader_wait = \"30 s\"\n[nvmeof]\nenabled = true\nmemory = \"512 MiB\"\nport = "
                        + port + "\n[helper]\nsocket = \"" + helperSocket + "\"");
    }

    private void pull() throws Exception {
        try (NodeProcess first = NodeProcess.start(node("a", 4420));
                NodeProcess second = NodeProcess.start(node("b", 4421).joining(first.control()))) {
            byte[] blob = blob(SIZE, 1);
            assertThat(pull(first, blob)).isEqualTo(blob);
            awaitHolder(second, "a", blob);
            origin.clear();

            assertThat(pull(second, blob)).as(log(second)).isEqualTo(blob);

            assertThat(brought(second, "nvmeof")).as(log(second)).isEqualTo(SIZE);
            assertThat(brought(second, "tcp")).isZero();
            assertThat(first.metric("ringpull_served_bytes_total", Map.of())).isZero();
            assertThat(first.metric("ringpull_nvmeof_shown", Map.of())).isOne();

            first.kill();
            Cluster.await("a killed holder's exports to go", () -> subsystems() == 0);
        }
    }

    private void targetGoes() throws Exception {
        try (NodeProcess first = NodeProcess.start(node("c", 4422));
                NodeProcess second = NodeProcess.start(node("d", 4423).joining(first.control()))) {
            for (int seed = 10; ; seed++) {
                byte[] blob = blob(2 * SIZE, seed);
                assertThat(pull(first, blob)).isEqualTo(blob);
                awaitHolder(second, "c", blob);
                origin.clear();
                double before = brought(second, "nvmeof");
                CompletableFuture<HttpResponse<byte[]>> pulling =
                        client.sendAsync(request(second, blob), HttpResponse.BodyHandlers.ofByteArray());
                Cluster.await("some of it over NVMe-oF", () -> brought(second, "nvmeof") > before);
                signal(second, "STOP");
                helper.destroy();
                helper.waitFor();
                signal(second, "CONT");

                assertThat(pulling.get(CEILING.toSeconds(), TimeUnit.SECONDS).body())
                        .isEqualTo(blob);
                helper = startHelper();
                if (brought(second, "tcp") > 0 || seed > 15) {
                    assertThat(brought(second, "tcp")).as(log(second)).isPositive();
                    return; // else it was here already when it was stopped: once more
                }
            }
        }
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

    private byte[] blob(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        origin.put(TestBlobs.digest(bytes).toString(), bytes);
        return bytes;
    }

    private byte[] pull(NodeProcess node, byte[] blob) throws Exception {
        HttpResponse<byte[]> answer = client.send(request(node, blob), HttpResponse.BodyHandlers.ofByteArray());
        assertThat(answer.statusCode()).as(log(node)).isEqualTo(200);
        return answer.body();
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
