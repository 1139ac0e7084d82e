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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import ringpull.cli.ControlClient;
import ringpull.config.Config;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.tls.TestCertificates;
import ringpull.transport.TestBlobs;
import ringpull.transport.rdma.Fabric;
import ringpull.v1.HoldersReply;

/** Daemons with an RDMA device, whose data and control ports are on loopback: what the device's link carries is RDMA alone. */
abstract class RdmaRing {
    static final Duration CEILING = Duration.ofMinutes(2);
    private static final String RECEIVED = "ringpull_transport_received_bytes_total";

    @TempDir
    Path directory;

    final Map<String, byte[]> origin = new ConcurrentHashMap<>();
    private final List<NodeProcess> nodes = new ArrayList<>();
    final HttpClient client = HttpClient.newHttpClient();
    private HttpServer registry;
    private TestCertificates ring;

    /** A guest on a busy machine stands still for seconds. */
    String patience = "30 s";

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
        cable(true);
    }

    NodeProcess node(int number) throws Exception {
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
                        "rdma = [\"" + Fabric.host(number).getHostAddress() + "\"]",
                        "rdma_port = 0",
                        "rdma_patience = \"" + patience + "\"",
                        "rdma_memory = \"64 MiB\"");
        Files.createDirectories(directory.resolve(name));
        NodeProcess node = NodeProcess.start(
                nodes.isEmpty() ? config : config.joining(nodes.getFirst().control()));
        nodes.add(node);
        return node;
    }

    /**
     * Without their local routes packets between the device's addresses go out by d0, which swallows them: as a cable that was
     * pulled, or a switch that forgot. Soft iWARP feels that; what Soft-RoCE sends to itself takes no route.
     */
    static void cable(boolean plugged) throws IOException, InterruptedException {
        for (int number = 1; number <= 3; number++) {
            String address = Fabric.host(number).getHostAddress();
            String change = plugged
                    ? "replace local " + address + " dev d0 table local proto kernel scope host src " + address
                    : "del local " + address + " dev d0 table local";
            int exit = new ProcessBuilder(("ip route " + change).split(" "))
                    .inheritIO()
                    .start()
                    .waitFor();
            assertThat(exit).as(change).isZero();
        }
    }

    byte[] blob(long seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        origin.put(digest(bytes), bytes);
        return bytes;
    }

    private static String digest(byte[] bytes) {
        return TestBlobs.digest(bytes).toString();
    }

    byte[] pull(NodeProcess node, byte[] blob, boolean fromOrigin) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer =
                client.send(request(node, blob, fromOrigin), HttpResponse.BodyHandlers.ofByteArray());
        assertThat(answer.statusCode()).as(Files.readString(node.log())).isEqualTo(200);
        return answer.body();
    }

    CompletableFuture<byte[]> pulling(NodeProcess node, byte[] blob) {
        return client.sendAsync(request(node, blob, false), HttpResponse.BodyHandlers.ofByteArray())
                .thenApply(HttpResponse::body);
    }

    static HttpRequest request(NodeProcess node, byte[] blob, boolean fromOrigin) {
        String query = fromOrigin ? "?ns=registry.test" : "";
        return HttpRequest.newBuilder(node.mirror().resolve("/v2/team/app/blobs/" + digest(blob) + query))
                .timeout(CEILING)
                .build();
    }

    static void awaitHolder(NodeProcess asked, NodeProcess holder, byte[] blob)
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

    static long overRdma(NodeProcess node) throws IOException, InterruptedException {
        return (long) node.metric(RECEIVED, Map.of("transport", "rdma"));
    }

    static long overTcp(NodeProcess node) throws IOException, InterruptedException {
        return (long) node.metric(RECEIVED, Map.of("transport", "tcp"));
    }

    static long fallbacks(NodeProcess node) throws IOException, InterruptedException {
        return (long) node.metric("ringpull_transport_fallbacks_total", Map.of("from", "rdma"));
    }
}
