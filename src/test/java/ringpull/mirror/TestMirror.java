package ringpull.mirror;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import ringpull.config.Config;
import ringpull.fetch.Journal;
import ringpull.metrics.Meters;

/** A mirror on a free port of loopback, before blobs and tags that do what the test says. */
final class TestMirror implements AutoCloseable {
    static final Duration LONG = Duration.ofMinutes(5);

    final ScriptedBlobs blobs = new ScriptedBlobs();
    final ScriptedTags tags = new ScriptedTags();
    final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    final Journal journal = new Journal(now::get);
    final Path directory;
    final MirrorServer server;
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    TestMirror(Path directory) throws IOException {
        this(directory, LONG, LONG, true);
    }

    TestMirror(Path directory, Duration headerWait, Duration bodyWait) throws IOException {
        this(directory, headerWait, bodyWait, true);
    }

    TestMirror(Path directory, Duration headerWait, Duration bodyWait, boolean epoll) throws IOException {
        this(directory, headerWait, bodyWait, Connection.Limits.STANDARD, epoll);
    }

    TestMirror(Path directory, Connection.Limits limits, boolean epoll) throws IOException {
        this(directory, LONG, LONG, limits, epoll);
    }

    private TestMirror(Path directory, Duration headerWait, Duration bodyWait, Connection.Limits limits, boolean epoll)
            throws IOException {
        this.directory = directory;
        server = MirrorServer.bind(
                new Config.Mirror("127.0.0.1", 0, Duration.ofHours(24)),
                new Config.Handoff(headerWait, bodyWait),
                blobs,
                tags,
                journal,
                new Meters(registry),
                now::get,
                limits,
                epoll);
    }

    InetSocketAddress address() {
        return server.address();
    }

    RawClient connect() throws IOException {
        return new RawClient(address());
    }

    HttpResponse<byte[]> get(String path, String... headers) throws IOException, InterruptedException {
        return request("GET", path, headers);
    }

    HttpResponse<byte[]> head(String path, String... headers) throws IOException, InterruptedException {
        return request("HEAD", path, headers);
    }

    HttpResponse<byte[]> request(String method, String path, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + address().getPort() + path))
                .timeout(Duration.ofSeconds(30))
                .method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    /** How many answers had this status and reason. */
    double answers(int status, String reason) {
        Counter counter = registry.find("ringpull.mirror.answers")
                .tags("status", Integer.toString(status), "reason", reason)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    /** The body as text. */
    static String text(HttpResponse<byte[]> response) {
        return new String(response.body(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        http.close();
        server.close();
    }
}
