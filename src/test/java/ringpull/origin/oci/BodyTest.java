package ringpull.origin.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ContentKind;
import ringpull.origin.OriginContract;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;
import ringpull.transport.Await;

class BodyTest extends HostileFixture {
    private static final String NAME = "registry.test";
    private static final Duration SHORT = Duration.ofMillis(200);

    /** For what is not under test, on a busy machine. */
    private static final Duration LONG = Duration.ofSeconds(20);

    private static final Surroundings.Floor FLOOR = Surroundings.Timeouts.DEFAULT.floor();

    private OriginStream open(HostileServer.Handler handler, long offset) throws Exception {
        HostileServer server = plain(handler);
        return origin(registry(NAME, server.url())).open(repository(NAME), ContentKind.BLOB, DIGEST, offset);
    }

    /** Sends the rest from where the request wants it. */
    private static void sendRest(HostileServer.Request request, OutputStream out) throws IOException {
        Optional<String> range = request.header("range");
        if (range.isEmpty()) {
            HostileServer.send(out, 200, BYTES);
            return;
        }
        int from = Integer.parseInt(range.get().replaceAll("[^0-9]", ""));
        String header = "Content-Range: bytes " + from + "-" + (BYTES.length - 1) + "/" + BYTES.length;
        HostileServer.send(out, 206, OriginContract.tail(BYTES, from), header);
    }

    @Test
    void aBodyThatBreaksOffIsAnIOExceptionAndResumes() throws Exception {
        HostileServer server = plain((request, out) -> {
            if (request.header("range").isEmpty()) {
                HostileServer.head(out, 200, "Content-Length: " + BYTES.length, "");
                out.write(BYTES, 0, 40_000);
            } else {
                sendRest(request, out);
            }
        });
        OciOrigin origin = origin(registry(NAME, server.url()));
        ByteBuffer into = ByteBuffer.allocate(BYTES.length);
        try (OriginStream stream = origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0)) {
            assertThat(stream.sizeBytes()).isEqualTo(BYTES.length);
            assertThatThrownBy(() -> {
                        while (stream.read(into) >= 0) {}
                    })
                    .isInstanceOf(IOException.class);
        }
        assertThat(into.position()).isEqualTo(40_000);
        try (OriginStream stream = origin.open(repository(NAME), ContentKind.BLOB, DIGEST, into.position())) {
            while (stream.read(into) >= 0) {}
        }
        assertThat(into.array()).isEqualTo(BYTES);
        assertThat(server.requests().getLast().header("range")).contains("bytes=40000-");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytes 0-99999/100000", "bytes 10-99998/100000", "bytes 10-99999/*", "bytes 10-99999/100001",
                "bytes 11-99999/100000", "items 10-99999/100000", "", "bytes 10-99999/99999999999999999999999"
            })
    void anotherRangeThanWasAskedForIsMalformed(String range) {
        assertThatThrownBy(() -> open(
                        (request, out) ->
                                HostileServer.send(out, 206, OriginContract.tail(BYTES, 10), "Content-Range: " + range),
                        10))
                .isInstanceOf(OriginException.Malformed.class)
                .hasMessageContaining("range");
    }

    @Test
    void a200InsteadOf206IsReadFromTheStart() throws Exception {
        try (OriginStream stream = open((request, out) -> HostileServer.send(out, 200, BYTES), 70_000)) {
            assertThat(stream.sizeBytes()).isEqualTo(BYTES.length);
            assertThat(OriginContract.readAll(stream)).isEqualTo(OriginContract.tail(BYTES, 70_000));
        }
    }

    @Test
    void a206ToAPlainRequestIsMalformed() {
        assertThatThrownBy(() -> open(
                        (request, out) -> HostileServer.send(out, 206, BYTES, "Content-Range: bytes 0-99999/100000"),
                        0))
                .isInstanceOf(OriginException.Malformed.class);
    }

    @Test
    void aBlobSmallerThanTheOffsetIsMalformed() {
        assertThatThrownBy(() -> open((request, out) -> HostileServer.send(out, 200, BYTES), BYTES.length + 1L))
                .isInstanceOf(OriginException.Malformed.class);
        assertThatThrownBy(() -> open((request, out) -> HostileServer.send(out, 416), BYTES.length + 1L))
                .isInstanceOf(OriginException.Malformed.class);
    }

    @ParameterizedTest
    @CsvSource({
        "'Transfer-Encoding: chunked', Content-Length",
        "'Content-Length: -5', ''",
        "'Content-Length: 5x', ''",
        "'Content-Length: 99999999999999999999', ''",
        "'Content-Encoding: gzip|Content-Length: 3', encoded",
        "'Content-Type: a b c|Content-Length: 3', media type",
        "'X: y', Content-Length"
    })
    void badHeadersOfABlobAreMalformed(String headers, String said) {
        String[] lines = (headers + "|").split("\\|", -1);
        assertThatThrownBy(() -> open(
                        (request, out) -> {
                            HostileServer.head(out, 200, lines);
                            out.write("abc".getBytes(UTF_8));
                        },
                        0))
                .isInstanceOf(OriginException.Malformed.class)
                .hasMessageContaining(said);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hello\r\n\r\n",
                "HTTP/9.9 200 OK\r\n\r\n",
                "HTTP/1.1 abc\r\n\r\n",
                "HTTP/1.1 200 OK\r\nno colon\r\n\r\n"
            })
    void whatIsNoHttpIsAnError(String nonsense) {
        assertThatThrownBy(() -> open((request, out) -> out.write(nonsense.getBytes(UTF_8)), 0))
                .isInstanceOfAny(OriginException.Malformed.class, OriginException.Unreachable.class)
                .hasMessageContaining("127.0.0.1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "X: aaaa\r\n", "HTTP/1.1 100 Continue\r\n\r\n"})
    void endlessHeadersAreCutOff(String piece) {
        timeouts = new Surroundings.Timeouts(LONG, LONG, LONG, Duration.ofSeconds(1), LONG, FLOOR);
        assertThatThrownBy(() -> open(
                        (request, out) -> {
                            out.write("HTTP/1.1 200 OK\r\nX: ".getBytes(UTF_8));
                            byte[] pieces = piece.repeat(1000).getBytes(UTF_8);
                            while (true) {
                                out.write(pieces);
                            }
                        },
                        0))
                .isInstanceOfAny(OriginException.Malformed.class, OriginException.Unreachable.class);
    }

    @Test
    void headersThatDripAreCutOff() {
        timeouts = new Surroundings.Timeouts(LONG, LONG, LONG, SHORT, LONG, FLOOR);
        assertThatThrownBy(() -> open(
                        (request, out) -> {
                            while (true) {
                                out.write('H');
                                out.flush();
                                sleep(20);
                            }
                        },
                        0))
                .isInstanceOf(OriginException.Unreachable.class)
                .hasMessageContaining("in time");
    }

    @Test
    void aSilentServerIsGivenUp() {
        timeouts = new Surroundings.Timeouts(LONG, LONG, SHORT, LONG, LONG, FLOOR);
        assertThatThrownBy(() -> open((request, out) -> sleep(20_000), 0))
                .isInstanceOf(OriginException.Unreachable.class);
    }

    @Test
    void aBodyThatFallsSilentIsAnIOException() throws Exception {
        timeouts = new Surroundings.Timeouts(LONG, LONG, Duration.ofSeconds(2), LONG, LONG, FLOOR);
        HostileServer.Handler silent = (request, out) -> {
            HostileServer.head(out, 200, "Content-Length: 10", "");
            out.write(1);
            out.flush();
            sleep(20_000);
        };
        try (OriginStream stream = open(silent, 0)) {
            ByteBuffer into = ByteBuffer.allocate(10);
            assertThat(stream.read(into)).isEqualTo(1);
            assertThatThrownBy(() -> stream.read(into)).isInstanceOf(IOException.class);
        }
    }

    /** Ten bytes at a time, for as long as somebody reads. */
    private static final HostileServer.Handler DRIPPING = (request, out) -> {
        HostileServer.head(out, 200, "Content-Length: " + BYTES.length, "");
        for (int sent = 0; sent + 10 <= BYTES.length; sent += 10) {
            out.write(BYTES, sent, 10);
            out.flush();
            sleep(20);
        }
    };

    @Test
    void aBodyThatDripsIsLeftForTheNextEndpointWhichGoesOnWhereItStopped() throws Exception {
        timeouts = new Surroundings.Timeouts(
                LONG, LONG, LONG, LONG, LONG, new Surroundings.Floor(10_000, Duration.ofSeconds(2)));
        HostileServer dripping = plain(DRIPPING);
        HostileServer good = plain(BodyTest::sendRest);
        OciOrigin origin = origin(registry(NAME, dripping.url(), good.url()));
        ByteBuffer into = ByteBuffer.allocate(BYTES.length);

        try (OriginStream stream = origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0)) {
            assertThatThrownBy(() -> {
                        while (stream.read(into) >= 0) {}
                    })
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("bytes in");
        }
        assertThat(into.position()).isBetween(1, 9_999);
        try (OriginStream stream = origin.open(repository(NAME), ContentKind.BLOB, DIGEST, into.position())) {
            assertThat(stream.endpoint()).isEqualTo(Site.of(good.url()));
            while (stream.read(into) >= 0) {}
        }

        assertThat(into.array()).isEqualTo(BYTES);
        now = now.plus(Duration.ofHours(1));
        try (OriginStream stream = origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0)) {
            assertThat(stream.endpoint()).as("as configured, later").isEqualTo(Site.of(dripping.url()));
        }
    }

    @Test
    void timeInWhichNobodyReadsDoesNotCountAsSlow() throws Exception {
        timeouts = new Surroundings.Timeouts(
                LONG, LONG, LONG, LONG, LONG, new Surroundings.Floor(10_000_000, Duration.ofSeconds(3)));
        HostileServer server = plain((request, out) -> HostileServer.send(out, 200, BYTES));
        ByteBuffer into = ByteBuffer.allocate(BYTES.length);
        try (OriginStream stream =
                origin(registry(NAME, server.url())).open(repository(NAME), ContentKind.BLOB, DIGEST, 0)) {
            while (into.hasRemaining()) {
                into.limit(Math.min(into.position() + 25_000, into.capacity()));
                stream.read(into);
                sleep(900); // the disk is slow
                into.limit(into.capacity());
            }
        }
        assertThat(into.array()).isEqualTo(BYTES);
    }

    private static void sleep(long millis) throws IOException {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static final HostileServer.Handler ENDLESS = (request, out) -> {
        HostileServer.head(out, 200, "Content-Length: 999999999999999", "");
        byte[] zeros = new byte[1 << 16];
        while (true) {
            out.write(zeros);
        }
    };

    @Test
    void closingInTheMiddleDoesNotDrain() throws Exception {
        HostileServer secure = tls(PUBLIC, ENDLESS);
        HostileServer plain = plain(ENDLESS);
        for (HostileServer server : Arrays.asList(plain, secure)) {
            OriginStream stream =
                    origin(registry(NAME, server.url())).open(repository(NAME), ContentKind.BLOB, DIGEST, 0);
            assertThat(stream.sizeBytes()).isEqualTo(999_999_999_999_999L);
            assertThat(stream.read(ByteBuffer.allocate(1000))).isPositive();
            CompletableFuture<Void> closed = CompletableFuture.runAsync(stream::close);
            assertThat(closed).succeedsWithin(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void anInterruptAbortsAtOnce() throws Exception {
        HostileServer server = plain((request, out) -> sleep(60_000));
        OciOrigin origin = origin(registry(NAME, server.url()));
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        Thread asker = Thread.ofVirtual().start(() -> {
            try {
                origin.resolve(repository(NAME), "v1");
                outcome.complete(new AssertionError("answered"));
            } catch (OriginException | InterruptedException e) {
                outcome.complete(e);
            }
        });
        Await.until("the question", () -> !server.requests().isEmpty());
        asker.interrupt();
        assertThat(outcome).succeedsWithin(60, TimeUnit.SECONDS);
        assertThat(outcome.join()).isInstanceOf(InterruptedException.class);
    }

    @Test
    void closingTheOriginEndsItsStreams() throws Exception {
        HostileServer server = plain((request, out) -> {
            HostileServer.head(out, 200, "Content-Length: 10", "");
            out.flush();
            sleep(60_000);
        });
        OciOrigin origin = origin(registry(NAME, server.url()));
        try (OriginStream stream = origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0)) {
            origin.close();
            assertThatThrownBy(() -> stream.read(ByteBuffer.allocate(10))).isInstanceOf(IOException.class);
        }
    }
}
