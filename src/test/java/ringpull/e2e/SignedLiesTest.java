package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
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
import ringpull.demo.Programs;
import ringpull.tls.TestCertificates;

/** Members that sign false chunks of a blob that all want at once: real daemons, and an origin that lies to some. */
class SignedLiesTest {
    private static final Duration CEILING = Duration.ofMinutes(2);
    private static final String REGISTRY = "registry.test";
    private static final int SIZE = (48 << 20) + 5;

    @TempDir
    Path directory;

    private final HttpClient client = HttpClient.newHttpClient();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<NodeProcess> nodes = new ArrayList<>();
    private TestCertificates ring;
    private LyingOrigin origin;

    @BeforeEach
    void start() throws IOException {
        ring = new TestCertificates(directory, "ring");
        TestCertificates web = new TestCertificates(directory, "web");
        origin = new LyingOrigin(Optional.of(web.issue("registry", "IP:127.0.0.1")));
    }

    @AfterEach
    void stop() {
        threads.shutdownNow();
        nodes.forEach(node -> {
            ProcessHandle.of(node.pid()).ifPresent(ProcessHandle::destroyForcibly);
            node.close();
        });
        origin.close();
        client.close();
    }

    private NodeConfig config(String name, URI endpoint) throws IOException {
        Config.Tls files = ring.member("demo", name, Instant.now());
        NodeConfig.Registry registry = new NodeConfig.Registry(
                REGISTRY,
                List.of(endpoint),
                Optional.empty(),
                Optional.empty(),
                Optional.of(directory.resolve("web/ca.pem")));
        return NodeConfig.first(directory.resolve(name), name, List.of(registry))
                .certificates(files.cert(), files.key(), files.ca());
    }

    /** Daemons that can bring a blob together; those named {@code liar…} read at the door with wrong bytes. */
    private void ring(String... names) throws IOException, InterruptedException {
        for (String name : names) {
            NodeConfig config = config(name, name.startsWith("liar") ? origin.lying() : origin.honest());
            nodes.add(NodeProcess.start(
                    nodes.isEmpty() ? config : config.joining(nodes.getFirst().control())));
        }
        Cluster.awaitCompany(nodes);
    }

    private NodeProcess node(String name) {
        return nodes.stream()
                .filter(node -> node.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Pulls as containerd does: goes on behind what it has. */
    private byte[] pull(NodeProcess node, Digest digest, int tries) throws IOException, InterruptedException {
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        int size = origin.content(digest).length;
        URI url = node.mirror().resolve("/v2/team/app/blobs/" + digest + "?ns=" + REGISTRY);
        for (int attempt = 0; attempt < tries && got.size() < size; attempt++) {
            HttpResponse<InputStream> answer = client.send(
                    HttpRequest.newBuilder(url)
                            .header("Range", "bytes=" + got.size() + "-")
                            .timeout(CEILING)
                            .build(),
                    HttpResponse.BodyHandlers.ofInputStream());
            if (answer.statusCode() / 100 == 2) {
                try (InputStream body = answer.body()) {
                    body.transferTo(got);
                } catch (IOException e) {
                    assertThat(got.size()).as("broken off, to go on there").isLessThan(size);
                }
            } else {
                answer.body().close();
                TimeUnit.MILLISECONDS.sleep(200);
            }
        }
        return got.toByteArray();
    }

    private Map<String, Future<byte[]>> pullAtOnce(Digest digest) {
        Map<String, Future<byte[]>> pulls = new TreeMap<>();
        nodes.forEach(node -> pulls.put(
                node.name(), threads.submit(() -> pull(node, digest, node.name().startsWith("liar") ? 1 : 20))));
        return pulls;
    }

    private void assertOnlyQuarantined(NodeProcess asked, String... liars) throws IOException {
        for (NodeProcess node : nodes) {
            assertThat(Cluster.standing(asked, node.name()))
                    .as(node.name() + " in the eyes of " + asked.name())
                    .isEqualTo(List.of(liars).contains(node.name()) ? "quarantined" : "");
        }
    }

    /** What its audit log has so far: the last line may be just being written. */
    private static List<JsonNode> audit(NodeProcess node) throws IOException {
        List<JsonNode> entries = new ArrayList<>();
        Path file = node.config().directory().resolve("state/audit.log");
        String text = Files.exists(file) ? Files.readString(file) : "";
        for (String line : text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
            entries.add(new ObjectMapper().readTree(line));
        }
        return entries;
    }

    private static boolean tellsOfTheLie(JsonNode entry, Digest digest) {
        return entry.path("fault").asText().equals("false_statement")
                && entry.path("digest").asText().equals(digest.toString())
                && !entry.at("/statement/signature").asText().isEmpty()
                && !entry.at("/statement/certificates").asText().isEmpty()
                && entry.at("/rulings/0/ruling").asText().equals("quarantined");
    }

    private Digest bringTogether(String... honest) throws Exception {
        Digest digest = origin.blob(7, SIZE);
        Map<String, Future<byte[]>> pulls = pullAtOnce(digest);
        for (Map.Entry<String, Future<byte[]>> pull : pulls.entrySet()) {
            byte[] got = pull.getValue().get(CEILING.toSeconds(), TimeUnit.SECONDS);
            if (List.of(honest).contains(pull.getKey())) {
                assertThat(Arrays.equals(got, origin.content(digest)))
                        .as("what the client of " + pull.getKey() + " got")
                        .isTrue();
            }
        }
        return digest;
    }

    @Test
    void whoeverSignsFalseChunksIsShutOutByAllThatFoundItOut() throws Exception {
        ring("a", "b", "liar");

        Digest digest = bringTogether("a", "b");

        for (String name : List.of("a", "b")) {
            NodeProcess node = node(name);
            node.await(
                    "the liar to be found out",
                    CEILING,
                    () -> Cluster.standing(node, "liar").equals("quarantined"));
            assertOnlyQuarantined(node, "liar");
            assertThat(node.metric("ringpull_members_quarantined", Map.of())).isEqualTo(1);
            node.await(
                    "the lie in the audit log",
                    CEILING,
                    () -> audit(node).stream().anyMatch(entry -> tellsOfTheLie(entry, digest)));
        }
    }

    @Test
    void twoThatLieTogetherAreBothFoundOut() throws Exception {
        ring("a", "liar1", "liar2");

        bringTogether("a");

        NodeProcess node = node("a");
        node.await(
                "one to be found out",
                CEILING,
                () -> Cluster.standing(node, "liar1").equals("quarantined")
                        || Cluster.standing(node, "liar2").equals("quarantined"));
        node.await(
                "all that signed to be shut out, and nobody else",
                CEILING,
                () -> node.metric("ringpull_members_quarantined", Map.of()) == signers(node));
        assertThat(Cluster.standing(node, "a")).isEmpty();
    }

    /** Members whose false statements are in the audit log. */
    private static long signers(NodeProcess node) throws IOException {
        return audit(node).stream()
                .filter(entry -> entry.path("fault").asText().equals("false_statement"))
                .map(entry -> entry.path("member").asText())
                .distinct()
                .count();
    }

    @Test
    void aQuarantineOutlivesARestart() throws Exception {
        ring("a", "b", "liar");
        bringTogether("a", "b");
        NodeProcess before = node("a");
        before.await(
                "the liar to be found out",
                CEILING,
                () -> Cluster.standing(before, "liar").equals("quarantined"));
        before.stop();
        nodes.remove(before);

        NodeProcess after =
                NodeProcess.start(before.config().joining(nodes.getFirst().control()));
        nodes.add(after);

        after.await("it to know the liar", CEILING, () -> knows(after, "liar"));
        assertThat(Cluster.standing(after, "liar")).isEqualTo("quarantined");
        assertThat(ringpull(after, "members")).contains("quarantined until").contains("signed a false hash of chunk");
    }

    private static boolean knows(NodeProcess asked, String name) throws IOException {
        try (ControlClient control = ControlClient.open(asked.socket())) {
            return control.members().getMembersList().stream()
                    .anyMatch(member -> member.getName().equals(name));
        }
    }

    private String ringpull(NodeProcess node, String... arguments) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(arguments));
        words.addAll(List.of("--socket", node.socket().toString()));
        Path output = Files.createTempFile(directory, "ringpull", ".out");
        return Programs.run(output, CEILING, NodeProcess.command(words)).output();
    }

    /** A bit of every chunk is wrong, or chunks lie where others belong: a disk, not a liar, so nobody is banned. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void oneOfThreeHoldersWithABadDiskIsAskedAfterOthers(boolean shifted) throws Exception {
        ring("a", "b", "c");
        origin.openWide();
        Digest digest = bringTogether("a", "b", "c");
        Path file = node("c").config().directory().resolve("state/blobs/sha256").resolve(digest.hex());
        byte[] bytes = Files.readAllBytes(file);
        byte[] spoilt = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            int chunk = 1 << 20;
            spoilt[i] = shifted ? bytes[(i + chunk) % bytes.length] : (byte) (bytes[i] ^ (i % chunk == 99 ? 1 : 0));
        }
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.write(spoilt);
        }
        NodeProcess fresh = NodeProcess.start(
                config("d", origin.honest()).joining(nodes.getFirst().control()));
        nodes.add(fresh);
        fresh.await("it to know all three", CEILING, () -> holders(fresh, digest) == 3);

        byte[] got = pull(fresh, digest, 20);

        assertThat(Arrays.equals(got, origin.content(digest))).isTrue();
        fresh.await(
                "the bad disk to be found out",
                CEILING,
                () -> Cluster.standing(fresh, "c").equals("lowered"));
        assertThat(Cluster.standing(fresh, "a")).isEmpty();
        assertThat(Cluster.standing(fresh, "b")).isEmpty();
    }

    private static int holders(NodeProcess asked, Digest digest) throws IOException {
        try (ControlClient control = ControlClient.open(asked.socket())) {
            return control.holders(digest.toString(), "").getBlobsList().stream()
                    .mapToInt(row -> row.getHoldersCount())
                    .sum();
        }
    }
}
