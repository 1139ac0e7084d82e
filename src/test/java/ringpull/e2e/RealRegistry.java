package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.tls.TestCertificates;

/**
 * A docker-registry process on a free loopback port, with its files in a folder of the test. Filled over its HTTP API; its
 * access log is there to read. The port stays the same over {@link #stop} and {@link #start}.
 */
public final class RealRegistry implements AutoCloseable {
    /** Who may pull from a registry with a password. */
    public static final String USER = "puller";

    public static final String PASSWORD = "pull-secret";

    private static final String BCRYPT_OF_PASSWORD = "$2b$04$abcdefghijklmnopqrstuuH5wTQzvC3Zall/mZjSDa23DrVdMWhT6";
    private static final Duration START_MAX = Duration.ofSeconds(60);
    private static final Pattern LISTENING = Pattern.compile("listening on \\S+?:([0-9]+)");
    private static final Pattern ACCESS =
            Pattern.compile("\\S+ \\S+ \\S+ \\[[^]]*] \"(\\S+) (\\S+) [^\"]*\" ([0-9]+) ([0-9]+) .*");

    private final Path folder;
    private final Optional<TestCertificates> certificates;
    private final boolean password;
    private final HttpClient http;
    private int port;
    private Process process;

    private RealRegistry(Path folder, boolean tls, boolean password) {
        requireInstalled();
        this.folder = folder;
        this.password = password;
        try {
            Files.createDirectories(folder);
            this.certificates = tls ? Optional.of(TestCertificates.in(folder.resolve("tls"))) : Optional.empty();
            if (certificates.isPresent()) {
                certificates.get().issue("registry", "DNS:localhost", "IP:127.0.0.1");
            }
            Files.writeString(folder.resolve("htpasswd"), USER + ":" + BCRYPT_OF_PASSWORD + "\n");
            HttpClient.Builder client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
            if (tls) {
                client.sslContext(trust(certificates.get().ca()));
            }
            this.http = client.build();
            this.process = launch();
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("no registry in " + folder, e);
        }
    }

    /** Plain HTTP for everybody. */
    public static RealRegistry plain(Path folder) {
        return new RealRegistry(folder, false, false);
    }

    /** TLS by an authority of its own, for everybody. */
    public static RealRegistry tls(Path folder) {
        return new RealRegistry(folder, true, false);
    }

    /** TLS, and a password for everything. */
    public static RealRegistry tlsWithPassword(Path folder) {
        return new RealRegistry(folder, true, true);
    }

    /** Plain HTTP, and a password for everything. */
    public static RealRegistry plainWithPassword(Path folder) {
        return new RealRegistry(folder, false, true);
    }

    /** Skips the test with a reason where docker-registry is missing; in CI, where it must not be, fails it. */
    public static void requireInstalled() {
        boolean installed = Files.isExecutable(Path.of("/usr/bin/docker-registry"));
        if (System.getenv("CI") != null) {
            assertThat(installed).as("docker-registry is installed").isTrue();
        }
        assumeTrue(installed, "docker-registry is not installed: apt-get install docker-registry");
    }

    private Process launch() throws IOException {
        Path config = folder.resolve("config.yml");
        Path log = folder.resolve("registry.log");
        Files.writeString(config, configuration());
        Files.writeString(log, "");
        Process started = new ProcessBuilder("/usr/bin/docker-registry", "serve", config.toString())
                .redirectOutput(ProcessBuilder.Redirect.appendTo(accessLogFile().toFile()))
                .redirectError(log.toFile())
                .start();
        long deadline = System.nanoTime() + START_MAX.toNanos();
        while (true) {
            Matcher listening = LISTENING.matcher(Files.readString(log));
            if (listening.find()) {
                port = Integer.parseInt(listening.group(1));
                return started;
            }
            if (!started.isAlive() || System.nanoTime() > deadline) {
                started.destroyForcibly();
                throw new IOException("docker-registry did not start: " + Files.readString(log));
            }
            pause();
        }
    }

    private String configuration() {
        String yaml = """
            version: 0.1
            log: {level: info, accesslog: {disabled: false}}
            storage: {filesystem: {rootdirectory: %s}}
            http:
              addr: 127.0.0.1:%d
              secret: only-for-this-test
            """.formatted(folder.resolve("data"), port);
        if (certificates.isPresent()) {
            yaml += "  tls: {certificate: %s, key: %s}\n"
                    .formatted(folder.resolve("tls/registry.pem"), folder.resolve("tls/registry.key"));
        }
        if (password) {
            yaml += "auth: {htpasswd: {realm: test, path: %s}}\n".formatted(folder.resolve("htpasswd"));
        }
        return yaml;
    }

    /** As image references name it: {@code 127.0.0.1:<port>}. */
    public String name() {
        return "127.0.0.1:" + port;
    }

    public URI url() {
        return URI.create((certificates.isPresent() ? "https://" : "http://") + name());
    }

    /** PEM file of the authority; only with TLS. */
    public Path ca() {
        return certificates.orElseThrow().ca();
    }

    /** This registry as the daemon's configuration names it, with the password if there is one. */
    public Config.Registry config() {
        return new Config.Registry(
                name(),
                List.of(url()),
                password ? Optional.of(new Config.Credential(USER, PASSWORD)) : Optional.empty(),
                Optional.empty(),
                certificates.map(TestCertificates::ca),
                Optional.empty());
    }

    /** Pushes a blob. */
    public Digest push(String repository, byte[] bytes) {
        Digest digest = Digest.ofBytes(sha256().digest(bytes));
        push(repository, digest, HttpRequest.BodyPublishers.ofByteArray(bytes));
        return digest;
    }

    /** Pushes a file as a blob. */
    public Digest push(String repository, Path file) {
        try (InputStream in = new FileInputStream(file.toFile())) {
            MessageDigest hash = sha256();
            byte[] step = new byte[1 << 16];
            for (int length = in.read(step); length >= 0; length = in.read(step)) {
                hash.update(step, 0, length);
            }
            Digest digest = Digest.ofBytes(hash.digest());
            push(repository, digest, HttpRequest.BodyPublishers.ofFile(file));
            return digest;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void push(String repository, Digest digest, HttpRequest.BodyPublisher body) {
        HttpResponse<String> begun = send(
                request(url().resolve("/v2/" + repository + "/blobs/uploads/"))
                        .POST(HttpRequest.BodyPublishers.noBody()),
                202);
        String location = begun.headers().firstValue("Location").orElseThrow();
        URI upload = url().resolve(location + (location.contains("?") ? "&" : "?") + "digest=" + digest);
        send(request(upload).header("Content-Type", "application/octet-stream").PUT(body), 201);
    }

    /**
     * Pushes a manifest whose blobs are there.
     *
     * @param reference a tag, or its own digest
     */
    public Digest pushManifest(String repository, String reference, String mediaType, byte[] bytes) {
        send(
                request(url().resolve("/v2/" + repository + "/manifests/" + reference))
                        .header("Content-Type", mediaType)
                        .PUT(HttpRequest.BodyPublishers.ofByteArray(bytes)),
                201);
        return Digest.ofBytes(sha256().digest(bytes));
    }

    private HttpRequest.Builder request(URI url) {
        HttpRequest.Builder request = HttpRequest.newBuilder(url).timeout(Duration.ofMinutes(2));
        if (password) {
            String pair = USER + ":" + PASSWORD;
            request.header(
                    "Authorization",
                    "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
        }
        return request;
    }

    private HttpResponse<String> send(HttpRequest.Builder request, int expected) {
        try {
            HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(expected);
            return response;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Every request that was answered to its end, in that order. A line may come a moment after the client is done. */
    public List<Access> accesses() {
        List<Access> accesses = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(accessLogFile())) {
                Matcher access = ACCESS.matcher(line);
                if (access.matches()) {
                    accesses.add(new Access(
                            access.group(1),
                            access.group(2),
                            Integer.parseInt(access.group(3)),
                            Long.parseLong(access.group(4))));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return accesses;
    }

    /** Body bytes of all blobs that were read so far. */
    public long blobBytesRead() {
        return accesses().stream()
                .filter(access -> access.method().equals("GET") && access.path().contains("/blobs/sha256:"))
                .filter(access -> access.status() == 200 || access.status() == 206)
                .mapToLong(Access::bytes)
                .sum();
    }

    private Path accessLogFile() {
        return folder.resolve("access.log");
    }

    /** Kills the process; what was pushed stays. */
    public void stop() {
        process.destroyForcibly();
        try {
            assertThat(process.waitFor(30, TimeUnit.SECONDS))
                    .as("the registry has ended")
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Starts it again on the same port. */
    public void start() {
        try {
            process = launch();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        stop();
        http.close();
    }

    private static SSLContext trust(Path ca) throws IOException, GeneralSecurityException {
        try (InputStream in = Files.newInputStream(ca)) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            store.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
            TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers.getTrustManagers(), null);
            return context;
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * A line of the access log.
     *
     * @param path with its query
     * @param bytes of the answer's body
     */
    public record Access(String method, String path, int status, long bytes) {}
}
