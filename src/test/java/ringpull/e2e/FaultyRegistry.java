package ringpull.e2e;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A registry on loopback that has one blob at a time and is ill. Counts the bytes that it sends, and how often it failed. */
final class FaultyRegistry implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("bytes=([0-9]+)-([0-9]*)");

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private volatile byte[] blob = {};
    private volatile Illness illness = Illness.BUSY;
    private final AtomicLong sentBytes = new AtomicLong();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger failures = new AtomicInteger();

    enum Illness {
        /** Every second request is answered with 503 or 429, with and without Retry-After. */
        BUSY,
        /** Every answer ends after 4 MiB. */
        CUT
    }

    FaultyRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** From now on it has this blob, suffers from this, and counts anew. */
    void has(byte[] content, Illness suffering) {
        blob = content;
        illness = suffering;
        sentBytes.set(0);
        failures.set(0);
    }

    /** Requests that it did not answer as it should. */
    int failures() {
        return failures.get();
    }

    long sentBytes() {
        return sentBytes.get();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!exchange.getRequestURI().getPath().contains("/blobs/")) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            int number = requests.getAndIncrement();
            if (illness == Illness.BUSY && number % 2 == 0) {
                if (number % 4 == 0) {
                    exchange.getResponseHeaders().set("Retry-After", "1");
                }
                exchange.sendResponseHeaders(number % 8 < 4 ? 503 : 429, -1);
                failures.incrementAndGet();
                return;
            }
            send(exchange);
        }
    }

    private void send(HttpExchange exchange) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        Matcher asked = RANGE.matcher(range == null ? "bytes=0-" : range);
        if (!asked.matches()) {
            exchange.sendResponseHeaders(400, -1);
            return;
        }
        int first = Integer.parseInt(asked.group(1));
        int last = asked.group(2).isEmpty()
                ? blob.length - 1
                : Math.min(blob.length - 1, Integer.parseInt(asked.group(2)));
        exchange.getResponseHeaders().set("Content-Range", "bytes " + first + "-" + last + "/" + blob.length);
        exchange.sendResponseHeaders(range == null ? 200 : 206, last + 1L - first);
        int length = last + 1 - first;
        int sent = illness == Illness.CUT ? Math.min(length, 4 << 20) : length;
        OutputStream body = exchange.getResponseBody();
        body.write(Arrays.copyOfRange(blob, first, first + sent));
        sentBytes.addAndGet(sent);
        if (sent < length) {
            failures.incrementAndGet();
            throw new IOException("cut, as it was asked to be");
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
