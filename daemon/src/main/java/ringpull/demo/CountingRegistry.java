package ringpull.demo;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;

/**
 * A read-only registry of {@link SampleImage}s on loopback over plain HTTP, which counts every body byte it sends. Files
 * are sent by platform threads. Safe for many threads.
 */
public final class CountingRegistry implements AutoCloseable {
    /** Requests remembered; older ones stay counted in the totals. */
    private static final int REQUESTS_MAX = 10_000;

    private static final int BUFFER = 128 << 10;
    private static final Pattern PATH = Pattern.compile("/v2/(.+)/(manifests|blobs)/([^/]+)");
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-(\\d{0,18})");
    private static final Pattern SUFFIX_RANGE = Pattern.compile("bytes=-(\\d{1,18})");

    /**
     * One answered request.
     *
     * @param range the Range header, or empty
     * @param bytes of the body that were sent, or were about to be when the client hung up
     */
    public record Request(String method, String path, String range, int status, long bytes) {}

    private record Span(long from, long length) {}

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("counting-registry-", 0).factory());
    private final Map<String, SampleImage.Blob> content = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> sent = new ConcurrentHashMap<>();
    private final List<Request> requests = new ArrayList<>();

    private CountingRegistry(HttpServer server) {
        this.server = server;
    }

    /** Starts an empty registry on a free port of 127.0.0.1. */
    public static CountingRegistry start() throws IOException {
        InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        CountingRegistry registry = new CountingRegistry(HttpServer.create(new InetSocketAddress(loopback, 0), 0));
        registry.server.createContext("/", registry::handle);
        registry.server.setExecutor(registry.threads);
        registry.server.start();
        return registry;
    }

    /** Serves an image from now on. */
    public void add(String repository, String tag, SampleImage image) {
        for (SampleImage.Blob manifest : image.manifests()) {
            content.put(path(repository, ContentKind.MANIFEST, manifest.digest().toString()), manifest);
        }
        for (SampleImage.Blob blob : image.blobs()) {
            content.put(path(repository, ContentKind.BLOB, blob.digest().toString()), blob);
        }
        content.put(path(repository, ContentKind.MANIFEST, tag), image.index());
    }

    private static String path(String repository, ContentKind kind, String reference) {
        return "/v2/" + repository + "/" + folder(kind) + "/" + reference;
    }

    private static String folder(ContentKind kind) {
        return switch (kind) {
            case MANIFEST -> "manifests";
            case BLOB -> "blobs";
        };
    }

    /** The base URL: {@code http://127.0.0.1:<port>}. */
    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Body bytes sent so far. */
    public long bytesSent() {
        return sent.values().stream().mapToLong(AtomicLong::get).sum();
    }

    /** Body bytes sent so far as manifests or as blobs. */
    public long bytesSent(ContentKind kind) {
        return sentWhere("/" + folder(kind) + "/");
    }

    /** Body bytes of one blob or manifest sent so far. */
    public long bytesSent(Digest digest) {
        return sentWhere("/" + digest);
    }

    private long sentWhere(String part) {
        return sent.entrySet().stream()
                .filter(entry -> entry.getKey().contains(part))
                .mapToLong(entry -> entry.getValue().get())
                .sum();
    }

    /** The first {@value #REQUESTS_MAX} requests that were answered, in the order in which they ended. */
    public List<Request> requests() {
        synchronized (requests) {
            return List.copyOf(requests);
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        AtomicLong counter = new AtomicLong();
        int status = 0;
        try (exchange) {
            status = answer(exchange, path, counter);
        } finally {
            remember(new Request(
                    exchange.getRequestMethod(),
                    path,
                    Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range"))
                            .orElse(""),
                    status == 0 ? Math.max(exchange.getResponseCode(), 0) : status,
                    counter.get()));
        }
    }

    private void remember(Request request) {
        synchronized (requests) {
            if (requests.size() < REQUESTS_MAX) {
                requests.add(request);
            }
        }
    }

    private int answer(HttpExchange exchange, String path, AtomicLong counter) throws IOException {
        String method = exchange.getRequestMethod();
        if (!method.equals("GET") && !method.equals("HEAD")) {
            return error(exchange, 405, "UNSUPPORTED");
        }
        if (path.equals("/v2/")) {
            exchange.sendResponseHeaders(200, -1);
            return 200;
        }
        SampleImage.Blob blob = content.get(path);
        if (blob == null) {
            Matcher parts = PATH.matcher(path);
            boolean manifest = parts.matches() && parts.group(2).equals("manifests");
            return error(exchange, 404, manifest ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN");
        }
        return send(exchange, path, blob, counter);
    }

    private int send(HttpExchange exchange, String path, SampleImage.Blob blob, AtomicLong counter) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        Optional<Span> part = range == null ? Optional.empty() : span(range, blob.bytes());
        Span span = part.orElse(new Span(0, blob.bytes()));
        var headers = exchange.getResponseHeaders();
        if (span.length <= 0) {
            headers.set("Content-Range", "bytes */" + blob.bytes());
            return error(exchange, 416, "RANGE_INVALID");
        }
        int status = part.isPresent() ? 206 : 200;
        headers.set("Content-Type", path.contains("/manifests/") ? blob.mediaType() : "application/octet-stream");
        headers.set("Docker-Content-Digest", blob.digest().toString());
        headers.set("Accept-Ranges", "bytes");
        if (status == 206) {
            headers.set(
                    "Content-Range", "bytes " + span.from + "-" + (span.from + span.length - 1) + "/" + blob.bytes());
        }
        if (exchange.getRequestMethod().equals("HEAD")) {
            headers.set("Content-Length", Long.toString(span.length));
            exchange.sendResponseHeaders(status, -1);
            return status;
        }
        exchange.sendResponseHeaders(status, span.length);
        AtomicLong total = sent.computeIfAbsent(path, p -> new AtomicLong());
        try (InputStream file = Files.newInputStream(blob.file())) {
            file.skipNBytes(span.from);
            copy(file, exchange.getResponseBody(), span.length, total, counter);
        }
        return status;
    }

    private static void copy(InputStream file, OutputStream body, long length, AtomicLong total, AtomicLong counter)
            throws IOException {
        byte[] buffer = new byte[BUFFER];
        long left = length;
        while (left > 0) {
            int read = file.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (read < 0) {
                throw new IOException("a file of the sample image is shorter than it was");
            }
            // Before: whoever has got the last byte finds it counted.
            total.addAndGet(read);
            counter.addAndGet(read);
            body.write(buffer, 0, read);
            left -= read;
        }
    }

    /** Empty where the whole is to be sent: several ranges, or not a range in bytes. A length of 0: unsatisfiable. */
    private static Optional<Span> span(String range, long size) {
        Matcher from = RANGE.matcher(range);
        if (from.matches()) {
            long first = Long.parseLong(from.group(1));
            long last = from.group(2).isEmpty() ? size - 1 : Math.min(Long.parseLong(from.group(2)), size - 1);
            return Optional.of(new Span(first, Math.max(last - first + 1, 0)));
        }
        Matcher suffix = SUFFIX_RANGE.matcher(range);
        if (suffix.matches()) {
            long length = Math.min(Long.parseLong(suffix.group(1)), size);
            return Optional.of(new Span(size - length, length));
        }
        return Optional.empty();
    }

    private static int error(HttpExchange exchange, int status, String code) throws IOException {
        byte[] body = ("{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"\"}]}").getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, head ? -1 : body.length);
        if (!head) {
            exchange.getResponseBody().write(body);
        }
        return status;
    }

    /** Stops at once; running answers are cut. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
