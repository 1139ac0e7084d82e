package ringpull.origin.oci;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.origin.OriginContract;
import ringpull.tls.TestCertificates;

/**
 * Hostile servers, and an origin whose time, names and trust belong to the test. Here 127.0.0.2 counts as a public
 * address, the rest of loopback as what it is.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class HostileFixture {
    static final String PUBLIC = "127.0.0.2";
    static final String PATH = "team/image";
    static final String TYPE = "application/vnd.oci.image.manifest.v1+json";
    static final byte[] BYTES = OriginContract.random(100_000);
    static final Digest DIGEST = OriginContract.sha256(BYTES);
    static final byte[] MANIFEST = "{\"schemaVersion\":2}".getBytes(UTF_8);
    static final Digest MANIFEST_DIGEST = OriginContract.sha256(MANIFEST);
    static final Config.Credential LOGIN = new Config.Credential("puller", "s3cret");
    static final String BASIC = "Basic cHVsbGVyOnMzY3JldA==";

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    final Map<String, String> names = new HashMap<>();
    final List<Duration> pauses = new ArrayList<>();
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    Surroundings.Timeouts timeouts = Surroundings.Timeouts.DEFAULT;
    TestCertificates certificates;
    TestCertificates.Issued certificate;

    @BeforeAll
    void issue(@TempDir Path folder) {
        certificates = TestCertificates.in(folder);
        certificate = certificates.issue("server", "DNS:*.test", "IP:127.0.0.1", "IP:" + PUBLIC);
    }

    @AfterEach
    void closeAll() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
        names.clear();
        pauses.clear();
        timeouts = Surroundings.Timeouts.DEFAULT;
    }

    private <T extends AutoCloseable> T closing(T resource) {
        open.push(resource);
        return resource;
    }

    /** Plain HTTP on 127.0.0.1. */
    HostileServer plain(HostileServer.Handler handler) throws IOException {
        return closing(HostileServer.plain(handler));
    }

    /** TLS that every {@code *.test} name and these addresses may use. */
    HostileServer tls(String address, HostileServer.Handler handler) throws Exception {
        return closing(HostileServer.tls(address, certificate, handler));
    }

    OciOrigin origin(Config.Registry... registries) throws IOException {
        return closing(new OciOrigin(
                List.of(registries),
                new Surroundings(
                        () -> now,
                        this::pause,
                        this::resolve,
                        address -> address.getHostAddress().equals(PUBLIC) || PublicAddress.test(address),
                        Trust.of(certificates.ca()),
                        timeouts)));
    }

    private void pause(Duration duration) {
        pauses.add(duration);
        now = now.plus(duration);
    }

    private List<InetAddress> resolve(String host) throws UnknownHostException {
        String address = names.get(host);
        if (address == null && !Character.isDigit(host.charAt(host.length() - 1))) {
            throw new UnknownHostException(host);
        }
        return List.of(InetAddress.getByName(address == null ? host : address));
    }

    static Config.Registry registry(String name, URI... endpoints) {
        return registry(name, Optional.empty(), Optional.empty(), endpoints);
    }

    static Config.Registry withLogin(String name, URI... endpoints) {
        return registry(name, Optional.of(LOGIN), Optional.empty(), endpoints);
    }

    static Config.Registry registry(
            String name, Optional<Config.Credential> login, Optional<URI> tokenRealm, URI... endpoints) {
        return new Config.Registry(name, List.of(endpoints), login, Optional.empty(), Optional.empty(), tokenRealm);
    }

    static Repository repository(String registry) {
        return new Repository(registry, PATH);
    }

    /** Answers a manifest request as a good registry does. */
    static void sendManifest(HostileServer.Request request, java.io.OutputStream out) throws IOException {
        String[] headers = {"Content-Type: " + TYPE, "Docker-Content-Digest: " + MANIFEST_DIGEST};
        if (request.method().equals("HEAD")) {
            HostileServer.head(out, 200, headers);
            out.write(("Content-Length: " + MANIFEST.length + "\r\n\r\n").getBytes(UTF_8));
        } else {
            HostileServer.send(out, 200, MANIFEST, headers);
        }
    }
}
