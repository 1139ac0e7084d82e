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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import ringpull.cli.ControlClient;
import ringpull.config.Config;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.tls.TestCertificates;
import ringpull.transport.TestBlobs;
import ringpull.v1.HoldersReply;

/**
 * Daemons with an RDMA device, whose data and control ports are on loopback: what the device's link carries is RDMA alone. Runs
 * where {@code RINGPULL_TEST_RDMA} names the network of a device d0 that the test may take down.
 */
@EnabledIfEnvironmentVariable(
        named = "RINGPULL_TEST_RDMA",
        matches = ".+",
        disabledReason = "there is no RDMA device here")
class RdmaPullTest {
    private static final Duration CEILING = Duration.ofSeconds(120);
    private static final String RECEIVED = "ringpull_transport_received_bytes_total";

    @TempDir
    Path directory;

    private final Map<String, byte[]> origin = new ConcurrentHashMap<>();
    private final List<NodeProcess> nodes = new ArrayList<>();
    private final HttpClient client = HttpClient.newHttpClient();
    private HttpServer registry;
    private TestCertificates ring;

    /** A guest on a busy machine stands still for seconds. */
    private String patience = "30 s";

    @BeforeEach
    void start() throws Exception {
        ring = new TestCertificates(directory, "ring");
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

    @AfterEach
    void stop() throws Exception {
        nodes.forEach(NodeProcess::close);
        registry.stop(0);
        client.close();
        link("up");
    }

    @Test
    void aPullComesEntirelyOverRdma() throws Exception {
        byte[] blob = blob(1, (5 << 20) + 17);
        NodeProcess first = node(1);
        NodeProcess second = node(2);
        assertThat(pull(first, blob, true)).isEqualTo(blob);
        awaitHolder(second, first, blob);
        origin.clear();

        assertThat(pull(second, blob, false)).isEqualTo(blob);

        assertThat(overRdma(second)).isEqualTo(blob.length);
        assertThat(overTcp(second)).isZero();
        assertThat(fallbacks(second)).isZero();
        assertThat(first.metric("ringpull_transport_served_bytes_total", Map.of("transport", "rdma")))
                .isEqualTo(blob.length);
    }

    @Test
    void aPullFromTwoHoldersComesEntirelyOverRdma() throws Exception {
        byte[] blob = blob(2, (40 << 20) + 1);
        NodeProcess first = node(1);
        NodeProcess second = node(2);
        NodeProcess third = node(3);
        assertThat(pull(first, blob, true)).isEqualTo(blob);
        awaitHolder(second, first, blob);
        origin.clear();
        assertThat(pull(second, blob, false)).isEqualTo(blob);
        awaitHolder(third, first, blob);
        awaitHolder(third, second, blob);

        assertThat(pull(third, blob, false)).isEqualTo(blob);

        assertThat(overRdma(third)).isEqualTo(blob.length);
        assertThat(overTcp(third)).isZero();
        for (NodeProcess holder : List.of(first, second)) {
            assertThat(holder.metric("ringpull_transport_served_bytes_total", Map.of("transport", "rdma")))
                    .as(holder.name())
                    .isPositive();
        }
    }

    /** The cable is pulled while a blob arrives, and put back: TCP takes over, and RDMA comes back by itself. */
    @Test
    void tcpTakesOverWhenTheLinkGoesAndRdmaComesBack() throws Exception {
        patience = "1 s";
        byte[] blob = blob(3, 96 << 20);
        byte[] small = blob(4, 3 << 20);
        NodeProcess first = node(1);
        NodeProcess second = node(2);
        for (byte[] each : List.of(blob, small)) {
            assertThat(pull(first, each, true)).isEqualTo(each);
            awaitHolder(second, first, each);
        }
        origin.clear();

        CompletableFuture<byte[]> pulled = pulling(second, blob);
        second.await("the first bytes", CEILING, () -> overRdma(second) > 0);
        link("down");

        assertThat(pulled.get(CEILING.toSeconds(), TimeUnit.SECONDS)).isEqualTo(blob);
        assertThat(overTcp(second)).isPositive();
        assertThat(fallbacks(second)).isPositive();

        link("up");
        second.await("a connection again", CEILING, () -> {
            byte[] more = blob(System.nanoTime(), 2 << 20);
            pull(first, more, true);
            awaitHolder(second, first, more);
            long before = overRdma(second);
            pull(second, more, false);
            return overRdma(second) - before == more.length;
        });
    }

    /** The holder dies while its memory is being read; the rest comes from the origin. */
    @Test
    void aHolderThatIsKilledCostsNothingButTime() throws Exception {
        patience = "1 s";
        byte[] blob = blob(5, 96 << 20);
        NodeProcess first = node(1);
        NodeProcess second = node(2);
        assertThat(pull(first, blob, true)).isEqualTo(blob);
        awaitHolder(second, first, blob);

        CompletableFuture<byte[]> pulled = client.sendAsync(
                        request(second, blob, true), HttpResponse.BodyHandlers.ofByteArray())
                .thenApply(HttpResponse::body);
        second.await("the first bytes", CEILING, () -> overRdma(second) > 0);
        ProcessHandle.of(first.pid()).ifPresent(ProcessHandle::destroyForcibly);

        assertThat(pulled.get(CEILING.toSeconds(), TimeUnit.SECONDS)).isEqualTo(blob);
        assertThat(overRdma(second)).isBetween(1L, (long) blob.length);
    }

    private NodeProcess node(int number) throws Exception {
        String name = "n" + number;
        Config.Tls files = ring.member("demo", name, Instant.now());
        URI endpoint = URI.create("http://127.0.0.1:" + registry.getAddress().getPort());
        NodeConfig config = NodeConfig.first(
                        directory.resolve(name), name, List.of(NodeConfig.Registry.open("registry.test", endpoint)))
                .certificates(files.cert(), files.key(), files.ca())
                .quota("90 %")
                .peer(
                        "address = \"127.0.0.1\"",
                        "data = \"plain\"",
                        "rdma = [\"" + System.getenv("RINGPULL_TEST_RDMA") + "." + number + "\"]",
                        "rdma_port = 0",
                        "rdma_patience = \"" + patience + "\"",
                        "rdma_memory = \"64 MiB\"");
        Files.createDirectories(directory.resolve(name));
        NodeProcess node = NodeProcess.start(
                nodes.isEmpty() ? config : config.joining(nodes.getFirst().control()));
        nodes.add(node);
        return node;
    }

    private static void link(String state) throws IOException, InterruptedException {
        int exit = new ProcessBuilder("ip", "link", "set", "d0", state)
                .inheritIO()
                .start()
                .waitFor();
        assertThat(exit).isZero();
    }

    private byte[] blob(long seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        origin.put(digest(bytes), bytes);
        return bytes;
    }

    private static String digest(byte[] bytes) {
        return TestBlobs.digest(bytes).toString();
    }

    private byte[] pull(NodeProcess node, byte[] blob, boolean fromOrigin)
            throws IOException, InterruptedException {
        HttpResponse<byte[]> answer =
                client.send(request(node, blob, fromOrigin), HttpResponse.BodyHandlers.ofByteArray());
        assertThat(answer.statusCode()).as(Files.readString(node.log())).isEqualTo(200);
        return answer.body();
    }

    private CompletableFuture<byte[]> pulling(NodeProcess node, byte[] blob) {
        return client.sendAsync(request(node, blob, false), HttpResponse.BodyHandlers.ofByteArray())
                .thenApply(HttpResponse::body);
    }

    private static HttpRequest request(NodeProcess node, byte[] blob, boolean fromOrigin) {
        String query = fromOrigin ? "?ns=registry.test" : "";
        return HttpRequest.newBuilder(node.mirror().resolve("/v2/team/app/blobs/" + digest(blob) + query))
                .timeout(CEILING)
                .build();
    }

    private static void awaitHolder(NodeProcess asked, NodeProcess holder, byte[] blob)
            throws IOException, InterruptedException {
        String digest = digest(blob);
        try (ControlClient control = ControlClient.open(asked.socket())) {
            asked.await(
                    "to know the holder",
                    CEILING,
                    () -> control.holders(digest, "").getBlobsList().stream()
                            .flatMap(row -> row.getHoldersList().stream())
                            .map(HoldersReply.Holder::getMember)
                            .anyMatch(holder.name()::equals));
        }
    }

    private static long overRdma(NodeProcess node) throws IOException, InterruptedException {
        return (long) node.metric(RECEIVED, Map.of("transport", "rdma"));
    }

    private static long overTcp(NodeProcess node) throws IOException, InterruptedException {
        return (long) node.metric(RECEIVED, Map.of("transport", "tcp"));
    }

    private static long fallbacks(NodeProcess node) throws IOException, InterruptedException {
        return (long) node.metric("ringpull_transport_fallbacks_total", Map.of("from", "rdma"));
    }
}
