package ringpull.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.demo.Programs;

/**
 * The installed containerd pulls through a mirror that it knows from our file only. It has its own root, state and socket;
 * the registry's name resolves nowhere, so that nothing but the mirror can have answered.
 */
class RealContainerdTest {
    private static final Optional<Path> CONTAINERD = Programs.find("containerd");
    private static final Duration CEILING = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private final Map<String, byte[]> contents = new ConcurrentHashMap<>();
    private final Map<String, String> types = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<String> requests = new ConcurrentLinkedQueue<>();
    private HttpServer mirror;
    private Process containerd;
    private Path hosts;

    @BeforeEach
    void start() throws IOException, InterruptedException, NoSuchAlgorithmException {
        assumeTrue(CONTAINERD.isPresent(), "containerd is not installed");
        assumeTrue("root".equals(System.getProperty("user.name")), "containerd needs root");
        image();
        mirror = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        mirror.createContext("/v2/", this::answer);
        mirror.start();
        hosts = directory.resolve("certs.d");
        Path config = Files.writeString(directory.resolve("config.toml"), """
            version = 2
            root = "%1$s/root"
            state = "%1$s/state"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
            [grpc]
              address = "%1$s/containerd.sock"
            """.formatted(directory));
        containerd = new ProcessBuilder(
                        CONTAINERD.orElseThrow().toString(), "--config", config.toString(), "--log-level", "error")
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("containerd.log").toFile())
                .start();
        Instant end = Instant.now().plus(CEILING);
        while (ctr("version").exit() != 0) {
            assertThat(containerd.isAlive() && Instant.now().isBefore(end))
                    .as(() -> "containerd is up: " + log())
                    .isTrue();
            Thread.sleep(50);
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (mirror != null) {
            mirror.stop(0);
        }
        if (containerd != null) {
            containerd.destroy();
            containerd.waitFor();
        }
    }

    @Test
    void pullsThroughTheMirrorOfOneRegistryAndOfAll() throws IOException, InterruptedException, SetupFailed {
        pull("named.invalid:5000", Optional.of("named.invalid:5000"));
        pull("any.invalid", Optional.empty());
    }

    @Test
    void understandsTheCertificatesThatWeCarryOver() throws IOException, InterruptedException, SetupFailed {
        Path registry = Files.createDirectories(hosts.resolve("tls.invalid"));
        Process openssl = new ProcessBuilder(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:P-256",
                        "-nodes",
                        "-subj",
                        "/CN=tls.invalid",
                        "-keyout",
                        "c.key",
                        "-out",
                        "c.cert")
                .directory(registry.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(openssl.waitFor()).isZero();
        Files.copy(registry.resolve("c.cert"), registry.resolve("ca.crt"));

        pull("tls.invalid", Optional.of("tls.invalid"));
    }

    private void pull(String host, Optional<String> registry) throws IOException, InterruptedException, SetupFailed {
        URI url = URI.create("http://127.0.0.1:" + mirror.getAddress().getPort());
        assertThat(new Setup(hosts, directory.resolve("none"), registry, url, false)
                        .apply()
                        .written())
                .hasSize(1);

        requests.clear();
        Ran ran = ctr("content", "fetch", "--hosts-dir", hosts.toString(), host + "/lib/img:v1");

        assertThat(ran.exit()).as(() -> ran.output() + log()).isZero();
        assertThat(requests).first().isEqualTo("HEAD /v2/lib/img/manifests/v1?ns=" + host.replace(":", "%3A"));
        assertThat(requests).allSatisfy(request -> assertThat(request).contains("ns=" + host.replace(":", "%3A")));
    }

    private record Ran(int exit, String output) {}

    private Ran ctr(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                CONTAINERD.orElseThrow().resolveSibling("ctr").toString(),
                "--address",
                directory.resolve("containerd.sock").toString()));
        command.addAll(List.of(arguments));
        Path output = directory.resolve("ctr.log");
        Process ctr = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!ctr.waitFor(CEILING.toSeconds(), TimeUnit.SECONDS)) {
            ctr.destroyForcibly().waitFor();
        }
        return new Ran(ctr.exitValue(), Files.readString(output));
    }

    private String log() {
        try {
            return Files.readString(directory.resolve("containerd.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** One empty layer. */
    private void image() throws NoSuchAlgorithmException {
        String layer = put("blobs", "application/vnd.oci.image.layer.v1.tar", new byte[1024]);
        byte[] configuration = """
            {"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":["%s"]}}\
            """.formatted("aarch64".equals(System.getProperty("os.arch")) ? "arm64" : "amd64", layer)
                .getBytes(StandardCharsets.UTF_8);
        String config = put("blobs", "application/vnd.oci.image.config.v1+json", configuration);
        String type = "application/vnd.oci.image.manifest.v1+json";
        byte[] manifest =
                """
                {"schemaVersion":2,"mediaType":"%s",\
                "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},\
                "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":1024}]}\
                """.formatted(type, config, configuration.length, layer).getBytes(StandardCharsets.UTF_8);
        String digest = put("manifests", type, manifest);
        contents.put("/v2/lib/img/manifests/v1", manifest);
        types.put("/v2/lib/img/manifests/v1", type + " " + digest);
    }

    private String put(String kind, String type, byte[] content) throws NoSuchAlgorithmException {
        String digest = "sha256:"
                + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        contents.put("/v2/lib/img/" + kind + "/" + digest, content);
        types.put("/v2/lib/img/" + kind + "/" + digest, type + " " + digest);
        return digest;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            String path = exchange.getRequestURI().getPath();
            byte[] content = contents.get(path);
            if (content == null) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            String[] about = types.getOrDefault(path, "").split(" ", 2);
            exchange.getResponseHeaders().set("Content-Type", about[0]);
            exchange.getResponseHeaders().set("Docker-Content-Digest", about[1]);
            if (exchange.getRequestMethod().equals("HEAD")) {
                exchange.getResponseHeaders().set("Content-Length", Integer.toString(content.length));
                exchange.sendResponseHeaders(200, -1);
            } else {
                exchange.sendResponseHeaders(200, content.length);
                exchange.getResponseBody().write(content);
            }
        }
    }
}
