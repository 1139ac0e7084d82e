package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.Digest;
import ringpull.cli.ControlClient;
import ringpull.config.Config;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.tls.TestCertificates;
import ringpull.v1.HoldersReply;

/** Daemons with certificates and data ports in plain text. */
class PlainDataTest {
    private static final Duration CEILING = Duration.ofSeconds(60);
    private static final String[] PLAIN = {"address = \"127.0.0.1\"", "data = \"plain\""};
    private static final int SIZE = (3 << 20) + 17;

    @TempDir
    Path directory;

    private final Map<String, byte[]> origin = new ConcurrentHashMap<>();
    private final HttpClient client = HttpClient.newHttpClient();
    private HttpServer registry;
    private TestCertificates ring;

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
    void stop() {
        registry.stop(0);
        client.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void membersReadFromEachOtherWhateverTheOther(boolean bothPlain) throws Exception {
        try (NodeProcess first = NodeProcess.start(node("a", true));
                NodeProcess second = NodeProcess.start(node("b", bothPlain).joining(first.control()))) {
            byte[] one = blob(1);
            byte[] two = blob(2);
            assertThat(pull(first, one, true)).isEqualTo(one);
            assertThat(pull(second, two, true)).isEqualTo(two);
            awaitHolder(second, "a", one);
            awaitHolder(first, "b", two);
            origin.clear();

            assertThat(pull(second, one, false)).isEqualTo(one);
            assertThat(pull(first, two, false)).isEqualTo(two);

            assertThat(fromPeers(first)).isEqualTo(SIZE);
            assertThat(fromPeers(second)).isEqualTo(SIZE);
        }
    }

    @Test
    void aStrangerWithAPlainSocketLearnsNothing() throws Exception {
        Config.Tls files = new TestCertificates(directory, "elsewhere").member("demo", "c", Instant.now());
        try (NodeProcess first = NodeProcess.start(node("a", true));
                NodeProcess stranger = NodeProcess.start(NodeConfig.first(directory.resolve("c"), "c", List.of())
                        .certificates(files.cert(), files.key(), files.ca())
                        .peer(PLAIN)
                        .joining(first.control()))) {
            byte[] held = blob(1);
            byte[] unknown = blob(2);
            assertThat(pull(first, held, true)).isEqualTo(held);

            String answer = ask(first, held);
            assertThat(answer).startsWith("HTTP/1.1 401 ").isEqualTo(ask(first, unknown));
            assertThat(status(stranger, held)).isEqualTo(404);
            assertThat(first.metric("ringpull_served_bytes_total", Map.of())).isZero();
            assertThat(Files.readString(first.log())).doesNotContain("secret");
        }
    }

    private NodeConfig node(String name, boolean plain) throws IOException, InterruptedException {
        Config.Tls files = ring.member("demo", name, Instant.now());
        URI endpoint = URI.create("http://127.0.0.1:" + registry.getAddress().getPort());
        NodeConfig config = NodeConfig.first(
                        directory.resolve(name), name, List.of(NodeConfig.Registry.open("registry.test", endpoint)))
                .certificates(files.cert(), files.key(), files.ca());
        return plain ? config.peer(PLAIN) : config;
    }

    private byte[] blob(long seed) throws Exception {
        byte[] bytes = new byte[SIZE];
        new Random(seed).nextBytes(bytes);
        origin.put(digest(bytes), bytes);
        return bytes;
    }

    private static String digest(byte[] bytes) throws Exception {
        return Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes))
                .toString();
    }

    private byte[] pull(NodeProcess node, byte[] blob, boolean fromOrigin) throws Exception {
        HttpResponse<byte[]> answer =
                client.send(request(node, blob, fromOrigin), HttpResponse.BodyHandlers.ofByteArray());
        assertThat(answer.statusCode()).as(Files.readString(node.log())).isEqualTo(200);
        return answer.body();
    }

    private int status(NodeProcess node, byte[] blob) throws Exception {
        return client.send(request(node, blob, false), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private static HttpRequest request(NodeProcess node, byte[] blob, boolean fromOrigin) throws Exception {
        String query = fromOrigin ? "?ns=registry.test" : "";
        return HttpRequest.newBuilder(node.mirror().resolve("/v2/team/app/blobs/" + digest(blob) + query))
                .timeout(CEILING)
                .build();
    }

    private static String ask(NodeProcess node, byte[] blob) throws Exception {
        int colon = node.data().lastIndexOf(':');
        try (Socket socket = new Socket(
                InetAddress.getLoopbackAddress(), Integer.parseInt(node.data().substring(colon + 1)))) {
            socket.setSoTimeout((int) CEILING.toMillis());
            socket.getOutputStream()
                    .write(("GET /v1/blobs/" + digest(blob) + " HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void awaitHolder(NodeProcess asked, String holder, byte[] blob) throws Exception {
        String digest = digest(blob);
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

    private static long fromPeers(NodeProcess node) throws Exception {
        return (long) node.metric("ringpull_received_bytes_total", Map.of("source", "peer"));
    }
}
