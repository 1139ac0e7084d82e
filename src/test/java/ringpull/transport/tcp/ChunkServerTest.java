package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;

/** The data port as a stranger with a plain socket sees it. */
class ChunkServerTest {
    /** More than the sockets' buffers of both sides ever hold. */
    private static final int LARGE = 64 << 20;

    private static final ChunkServer.Limits PATIENT = ChunkServer.Limits.DEFAULT;
    private static final Duration SHORT = Duration.ofMillis(300);

    @TempDir
    Path folder;

    private final AtomicLong servedBytes = new AtomicLong();
    private final List<Socket> sockets = new ArrayList<>();
    private TestBlobs blobs;
    private byte[] blob;
    private Digest digest;

    @Nullable
    private ChunkServer bound;

    @BeforeEach
    void addBlob() throws IOException {
        blobs = new TestBlobs(folder);
        blob = blobs.add(100_000, 5);
        digest = TestBlobs.digest(blob);
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        for (Socket socket : sockets) {
            socket.close();
        }
        ChunkServer server = server();
        Await.until("every connection gone", () -> server.connections().count() == 0);
        Await.until("every file closed", () -> blobs.stillOpen().isEmpty());
        Await.until(
                "every buffer back",
                () -> server.budget().free() == server.limits().buffers());
        server.close();
    }

    @Test
    void answersARangeWithExactlyItsBytes() throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();

        send(socket, get("Range: bytes=10-19"));

        Reply reply = reply(socket);
        assertThat(reply.head()).startsWith("HTTP/1.1 206 ").containsIgnoringCase("content-range: bytes 10-19/100000");
        assertThat(reply.body()).isEqualTo(Arrays.copyOfRange(blob, 10, 20));
        Await.until("counted", () -> servedBytes.get() == 10);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void pipelinedRequestsAreAnsweredInOrder(Config.Io io) throws Exception {
        start(io, PATIENT);
        Socket socket = connect();
        StringBuilder requests = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            requests.append(get("Range: bytes=" + i + "-" + (i + 9_999)));
        }

        send(socket, requests.toString());

        for (int i = 0; i < 100; i++) {
            assertThat(reply(socket).body()).isEqualTo(Arrays.copyOfRange(blob, i, i + 10_000));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Range: bytes=5-4",
                "Range: bytes=-5",
                "Range: bytes=5-",
                "Range: bytes=0-1,3-4",
                "Range: bytes=0-99999999999999",
                "Range: bytes=0-18446744073709551616",
                "Range: bytes=+1-2",
                "Range: lines=1-2",
                "Range: bytes=1-2\r\nRange: bytes=1-2",
                "X: y"
            })
    void anythingButOneRangeIsABadRequest(String header) throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();

        send(socket, get(header) + get("Range: bytes=0-0"));

        assertThat(reply(socket).head()).startsWith("HTTP/1.1 400 ");
        assertThat(reply(socket).head()).as("the next request").startsWith("HTTP/1.1 206 ");
    }

    @ParameterizedTest
    @CsvSource({"100000,100000", "99999,100000", "0,9999999999999"})
    void aRangeOutsideTheBlobCannotBeSatisfied(long first, long last) throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();

        send(socket, get("Range: bytes=" + first + "-" + last));

        assertThat(reply(socket).head()).startsWith("HTTP/1.1 416 ");
    }

    @ParameterizedTest
    @CsvSource({
        "GET /v1/blobs/sha256:00,400",
        "GET /v2/blobs/sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,400",
        "GET /v1/blobs/../../etc/passwd,400",
        "GET /v1/blobs/sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,404",
        "PUT /v1/blobs/sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,405"
    })
    void otherPathsAndMethodsAreRefused(String line, int status) throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();

        send(socket, line + " HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\n\r\n");

        assertThat(reply(socket).head()).startsWith("HTTP/1.1 " + status + " ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"})
    void aBodyIsRefusedAndTheConnectionEnds(String rest) throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();

        send(socket, get("Range: bytes=0-1").replaceFirst("\r\n\r\n", "\r\n") + rest);

        assertThat(reply(socket).head()).startsWith("HTTP/1.1 400 ");
        assertEnds(socket);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void oversizeHeadersAndNoHttpAreRefused(int kind) throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();
        String request = switch (kind) {
            case 0 -> get("X: " + "a".repeat(3_000) + "\r\nY: " + "a".repeat(3_000));
            case 1 -> "GET /" + "a".repeat(5_000) + " HTTP/1.1\r\n\r\n";
            default -> "\0\0\0\0\r\n\r\n";
        };

        send(socket, request);

        assertThat(reply(socket).head()).startsWith("HTTP/1.1 400 ");
        assertEnds(socket);
    }

    @Test
    void aRequestThatNeverEndsIsCutOff() throws Exception {
        start(Config.Io.AUTO, new ChunkServer.Limits(10, SHORT, SHORT, Duration.ofSeconds(30), 4));
        Socket socket = connect();
        send(socket, "GET /v1/blobs/" + digest + " HTTP/1.1\r\n");

        assertThatThrownBy(() -> {
                    for (int i = 0; i < 10_000; i++) {
                        send(socket, "X");
                        Thread.sleep(5);
                    }
                })
                .isInstanceOf(SocketException.class);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aReaderThatDoesNotReadIsCutOffAndHoldsNothing(Config.Io io) throws Exception {
        digest = TestBlobs.digest(blobs.add(LARGE, 6));
        ChunkServer server =
                start(io, new ChunkServer.Limits(10, Duration.ofSeconds(30), Duration.ofSeconds(5), SHORT, 4));
        Socket socket = connect();

        send(socket, get("Range: bytes=0-" + (LARGE - 1)));

        Await.until("the answer began", () -> !blobs.stillOpen().isEmpty());
        Await.until("cut off", () -> server.connections().count() == 0);
        Await.until("the file closed", () -> blobs.stillOpen().isEmpty());
        Await.until("what was sent is counted", () -> servedBytes.get() > 0);
        assertThat(servedBytes.get()).isLessThan(LARGE);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aReaderThatGoesHalfWayLeavesNothing(Config.Io io) throws Exception {
        digest = TestBlobs.digest(blobs.add(LARGE, 6));
        ChunkServer server = start(io, PATIENT);
        Socket socket = connect();
        send(socket, get("Range: bytes=0-" + (LARGE - 1)));
        assertThat(socket.getInputStream().readNBytes(1 << 20)).hasSize(1 << 20);

        socket.close();

        Await.until("gone", () -> server.connections().count() == 0);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aConnectionThatIsHalfClosedEnds(Config.Io io) throws Exception {
        ChunkServer server = start(io, PATIENT);
        Socket socket = connect();
        send(socket, get("Range: bytes=0-9"));
        assertThat(reply(socket).body()).hasSize(10);
        send(socket, "GET /half");

        socket.shutdownOutput();

        Await.until("gone", () -> server.connections().count() == 0);
        assertEnds(socket);
    }

    @Test
    void whenThereAreTooManyTheOneThatWaitedLongestGoes() throws Exception {
        ChunkServer server = start(
                Config.Io.AUTO, new ChunkServer.Limits(2, Duration.ofSeconds(30), SHORT, Duration.ofSeconds(30), 4));
        Socket first = connect();
        Await.until("first", () -> server.connections().count() == 1);
        Socket second = connect();
        Await.until("second", () -> server.connections().count() == 2);

        Socket third = connect();

        assertEnds(first);
        for (Socket socket : List.of(second, third)) {
            send(socket, get("Range: bytes=0-9"));
            assertThat(reply(socket).body()).hasSize(10);
        }
    }

    @Test
    void fewBuffersServeManyReaders() throws Exception {
        digest = TestBlobs.digest(blobs.add(8 << 20, 6));
        start(Config.Io.IO_URING, new ChunkServer.Limits(100, PATIENT.requestWait(), SHORT, PATIENT.answerStall(), 2));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> reads = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                Socket socket = connect();
                reads.add(threads.submit(() -> {
                    send(socket, get("Range: bytes=0-" + ((8 << 20) - 1)));
                    assertThat(reply(socket).body()).hasSize(8 << 20);
                    return null;
                }));
            }
            for (Future<?> read : reads) {
                read.get(60, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void stoppingLetsARunningAnswerEndAndClosesTheIdle() throws Exception {
        digest = TestBlobs.digest(blobs.add(LARGE, 6));
        ChunkServer server = start(Config.Io.AUTO, PATIENT);
        Socket idle = connect();
        Socket busy = connect();
        send(busy, get("Range: bytes=0-" + (LARGE - 1)));
        Await.until("the answer began", () -> !blobs.stillOpen().isEmpty());
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> stopped = threads.submit(() -> {
                server.stop(Duration.ofSeconds(60));
                return null;
            });
            assertEnds(idle);

            assertThat(reply(busy).body()).hasSize(LARGE);

            stopped.get(60, TimeUnit.SECONDS);
        }
        assertEnds(busy);
        assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
    }

    @Test
    void whenTheGraceIsOverEverythingIsClosed() throws Exception {
        digest = TestBlobs.digest(blobs.add(LARGE, 6));
        ChunkServer server = start(Config.Io.AUTO, PATIENT);
        Socket busy = connect();
        send(busy, get("Range: bytes=0-" + (LARGE - 1)));
        Await.until("the answer began", () -> !blobs.stillOpen().isEmpty());

        server.stop(Duration.ofMillis(50));

        assertThat(server.connections().count()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aPortThatIsTakenCannotBeBound(Config.Io io) throws Exception {
        ChunkServer server = start(io, PATIENT);

        assertThatThrownBy(() -> ChunkServer.bind(server.address(), blobs, Optional.empty(), io, bytes -> {}))
                .isInstanceOf(BindException.class)
                .hasMessageContaining(":" + server.address().getPort());
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void servesAndReadsOverIPv6(Config.Io io) throws Exception {
        bound = ChunkServer.bind(
                new InetSocketAddress(InetAddress.ofLiteral("::1"), 0),
                blobs,
                Optional.empty(),
                io,
                servedBytes::addAndGet);
        TestBlobs.Landed landed = new TestBlobs.Landed(0, blob.length);
        try (TcpTransport transport = new TcpTransport(Optional.empty(), io)) {
            transport.read(server().address(), digest, new ByteRange(0, blob.length), landed);
        }
        assertThat(landed.bytes()).isEqualTo(blob);
        assertThat(servedBytes).hasValue(blob.length);
    }

    private ChunkServer start(Config.Io io, ChunkServer.Limits limits) throws IOException {
        ChunkServer server = ChunkServer.bind(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                blobs,
                Optional.empty(),
                io,
                servedBytes::addAndGet,
                limits);
        bound = server;
        return server;
    }

    private ChunkServer server() {
        ChunkServer server = bound;
        if (server == null) {
            throw new IllegalStateException("not started");
        }
        return server;
    }

    private Socket connect() throws IOException {
        Socket socket =
                new Socket(server().address().getAddress(), server().address().getPort());
        socket.setSoTimeout(30_000);
        sockets.add(socket);
        return socket;
    }

    private String get(String header) {
        return "GET /v1/blobs/" + digest + " HTTP/1.1\r\nHost: h\r\n" + header + "\r\n\r\n";
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** The connection ends, by FIN or RST. */
    private static void assertEnds(Socket socket) throws IOException {
        try {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @SuppressWarnings("ArrayRecordComponent")
    private record Reply(String head, byte[] body) {}

    private static Reply reply(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String head = "";
        while (!head.endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("the connection ended after: " + head);
            }
            bytes.write(next);
            head = bytes.toString(StandardCharsets.ISO_8859_1);
        }
        String length = head.replaceAll("(?is).*content-length: ([0-9]+)\r\n.*", "$1");
        return new Reply(head, in.readNBytes(Integer.parseInt(length)));
    }
}
