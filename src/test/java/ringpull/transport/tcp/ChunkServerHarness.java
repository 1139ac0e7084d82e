package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;

/** A data port without certificates, and plain sockets to it. Nothing of them may be left after a test. */
abstract class ChunkServerHarness {
    /** More than the sockets' buffers of both sides ever hold. */
    static final int LARGE = 64 << 20;

    static final ChunkServer.Limits PATIENT = ChunkServer.Limits.DEFAULT;
    static final Duration SHORT = Duration.ofMillis(300);

    @TempDir
    Path folder;

    final AtomicLong servedBytes = new AtomicLong();
    private final List<Socket> sockets = new ArrayList<>();
    TestBlobs blobs;
    byte[] blob;
    Digest digest;

    @Nullable
    ChunkServer bound;

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
        Await.until(
                () -> "every connection gone; left are those " + server.connections(),
                () -> server.connections().count() == 0);
        Await.until("every file closed", () -> blobs.stillOpen().isEmpty());
        Await.until(
                "every buffer back",
                () -> server.budget().free() == server.limits().buffers());
        server.close();
    }

    ChunkServer start(Config.Io io, ChunkServer.Limits limits) throws IOException {
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

    ChunkServer server() {
        ChunkServer server = bound;
        if (server == null) {
            throw new IllegalStateException("not started");
        }
        return server;
    }

    Socket connect() throws IOException {
        Socket socket =
                new Socket(server().address().getAddress(), server().address().getPort());
        socket.setSoTimeout(30_000);
        sockets.add(socket);
        return socket;
    }

    String get(String header) {
        return "GET /v1/blobs/" + digest + " HTTP/1.1\r\nHost: h\r\n" + header + "\r\n\r\n";
    }

    static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** The connection ends, by FIN or RST. */
    static void assertEnds(Socket socket) throws IOException {
        try {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @SuppressWarnings("ArrayRecordComponent")
    record Reply(String head, byte[] body) {}

    static Reply reply(Socket socket) throws IOException {
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
