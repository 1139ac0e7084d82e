package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.cli.ControlClient;
import ringpull.config.Config;
import ringpull.demo.CountingRegistry;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.demo.SampleImage;
import ringpull.pki.Authority;
import ringpull.tls.Strangers;
import ringpull.tls.TestCertificates;

/** What real daemons make of their certificates, and of those that change while they run. */
class CertificatesTest {
    private static final Duration CEILING = Duration.ofSeconds(60);
    private static final String CLUSTER = "demo";

    @TempDir
    Path directory;

    private TestCertificates ring;

    @BeforeEach
    void authority() throws IOException {
        ring = new TestCertificates(directory, "ring");
    }

    private NodeConfig node(String name, Config.Tls files, NodeConfig.Registry... registries) {
        return NodeConfig.first(directory.resolve(name), name, List.of(registries))
                .certificates(files.cert(), files.key(), files.ca());
    }

    private static boolean says(ControlClient daemon, String text) throws IOException {
        return daemon.status().getProblemsList().stream().anyMatch(problem -> problem.contains(text));
    }

    @Test
    void aRevokedMemberLosesTheRingWhileBothRun() throws IOException, InterruptedException {
        Config.Tls lost = ring.member(CLUSTER, "b", Instant.now());
        Path revoked = Files.writeString(directory.resolve("revoked"), "");
        NodeConfig config = node("a", ring.member(CLUSTER, "a", Instant.now())).peer("revoked = \"" + revoked + "\"");
        try (NodeProcess first = NodeProcess.start(config);
                NodeProcess second = NodeProcess.start(node("b", lost).joining(first.control()));
                ControlClient asked = ControlClient.open(first.socket());
                ControlClient thrownOut = ControlClient.open(second.socket())) {
            Cluster.awaitCompany(List.of(first, second));

            Files.writeString(revoked, Strangers.fingerprint(lost) + "\n");

            first.await("it is gone", CEILING, () -> asked.status().getMembersAlive() == 1);
            second.await("it says why", CEILING, () -> says(thrownOut, "CERTIFICATE_REVOKED"));
        }
    }

    @Test
    void expiryIsToldAndARenewedCertificateTakenWithoutARestart() throws IOException, InterruptedException {
        Authority authority = Authority.create(CLUSTER, Instant.now(), Duration.ofDays(3650));
        authority.write(directory.resolve("ring"), true);
        Config.Tls files = issue(authority, Instant.now().minus(Duration.ofDays(362)));
        try (NodeProcess daemon = NodeProcess.start(node("a", files));
                ControlClient asked = ControlClient.open(daemon.socket())) {
            assertThat(says(asked, "a.pem expires")).isTrue();
            assertThat(expiry(daemon)).isBetween(in(Duration.ofDays(2)), in(Duration.ofDays(4)));

            issue(authority, Instant.now());

            daemon.await(
                    "the new one is taken",
                    CEILING,
                    () -> asked.status().getProblemsList().isEmpty());
            assertThat(expiry(daemon)).isGreaterThan(in(Duration.ofDays(360)));
        }
    }

    private static double in(Duration time) {
        return Instant.now().plus(time).getEpochSecond();
    }

    /** For a year. A new key for the same name, and so for the same member. */
    private Config.Tls issue(Authority authority, Instant made) throws IOException {
        Authority.Request request = new Authority.Request(CLUSTER, "a", List.of());
        return ring.write(authority.issue(request, made, Duration.ofDays(365)), "a");
    }

    private static double expiry(NodeProcess daemon) throws IOException, InterruptedException {
        return daemon.metric("ringpull_certificate_expiry_timestamp_seconds", Map.of());
    }

    @Test
    void aTagOfADeadRegistryMeansWhatItSaidToAnotherMember() throws IOException, InterruptedException {
        SampleImage image = SampleImage.write(
                directory.resolve("image"),
                "v1",
                1,
                List.of(new SampleImage.Layer(1_000, SampleImage.Compression.NONE)),
                List.of(SampleImage.hostArchitecture()));
        CountingRegistry registry = CountingRegistry.start();
        registry.add("team/app", "v1", image);
        NodeConfig.Registry named = NodeConfig.Registry.open("registry.test", registry.endpoint());
        try (registry;
                NodeProcess told = NodeProcess.start(node("a", ring.member(CLUSTER, "a", Instant.now()), named));
                HttpClient client = HttpClient.newHttpClient()) {
            assertThat(manifest(client, told).statusCode()).isEqualTo(200);
            registry.close();

            try (NodeProcess asked = NodeProcess.start(
                    node("b", ring.member(CLUSTER, "b", Instant.now()), named).joining(told.control()))) {
                Cluster.awaitCompany(List.of(told, asked));
                HttpResponse<byte[]> answer = manifest(client, asked);

                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(answer.body())
                        .isEqualTo(Files.readAllBytes(image.index().file()));
                assertThat(answer.headers().firstValueAsLong("Age"))
                        .as("it took longer to get company")
                        .isPresent();
                asked.await(
                        "it to be told",
                        CEILING,
                        () -> Files.readString(asked.log()).contains("what the registry said to a"));
            }
        }
    }

    private static HttpResponse<byte[]> manifest(HttpClient client, NodeProcess node)
            throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(node.mirror().resolve("/v2/team/app/manifests/v1?ns=registry.test"))
                        .timeout(CEILING)
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    @Test
    void aCertificateOfAnotherRingKeepsTheDaemonFromStarting() throws IOException {
        NodeConfig config = node("a", ring.member("other", "a", Instant.now()));

        assertThatThrownBy(() -> NodeProcess.start(config))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the certificate is for the ring other")
                .hasMessageContaining("[ring] cluster is demo");
    }
}
