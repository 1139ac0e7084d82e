package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.tls.PeerTls;
import ringpull.tls.TestCertificates;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;
import ringpull.transport.TransferException;
import ringpull.transport.session.HolderSessions;
import ringpull.transport.session.Sessions;
import ringpull.transport.session.TestAdmission;

/** Every buffer is given back, however a connection ends. The detector must be named before Netty's first buffer. */
@EnabledIfSystemProperty(
        named = "io.netty.customResourceLeakDetector",
        matches = "ringpull.transport.tcp.LeakRecorder",
        disabledReason = "needs -Dio.netty.customResourceLeakDetector=ringpull.transport.tcp.LeakRecorder")
class LeaksTest {
    private static final int SIZE = 6 << 20;
    private static final int ROUNDS = 3;

    @TempDir
    Path folder;

    private TestBlobs blobs;
    private byte[] blob;
    private Digest digest;
    private ResourceLeakDetector.Level before = ResourceLeakDetector.getLevel();

    @BeforeEach
    void watchEveryBuffer() throws IOException {
        before = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        blobs = new TestBlobs(folder);
        blob = blobs.add(SIZE, 4);
        digest = TestBlobs.digest(blob);
    }

    @AfterEach
    void restore() {
        ResourceLeakDetector.setLevel(before);
    }

    @Test
    void everyBufferIsGivenBack() throws Exception {
        Optional<PeerTls> tls = Optional.of(PeerTls.of(new TestCertificates(folder, "ring").member("one")));
        int before = leaksSoFar();
        for (int round = 0; round < ROUNDS; round++) {
            for (Config.Io io : Config.Io.values()) {
                exercise(io, Optional.empty());
                exercise(io, tls);
                exerciseWithSessions(io);
            }
        }

        leaksSoFar();
        assertThat(LeakRecorder.leaks().stream().skip(before).filter(leak -> !leak.contains(LeakRecorder.DELIBERATE)))
                .isEmpty();
    }

    /** Leaks of whatever ran before in this JVM are others' affair; a buffer that is left now is found last. */
    private static int leaksSoFar() throws InterruptedException {
        int left = deliberate();
        leave();
        Await.until("the detector found the buffer that was left", () -> {
            System.gc();
            allocateAndRelease();
            return deliberate() > left;
        });
        System.gc();
        allocateAndRelease();
        return LeakRecorder.leaks().size();
    }

    private void exercise(Config.Io io, Optional<PeerTls> tls) throws Exception {
        try (ChunkServer server = ChunkServer.bind(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), blobs, tls, io, bytes -> {});
                TcpTransport transport = new TcpTransport(tls, io)) {
            InetSocketAddress holder = server.address();
            TestBlobs.Landed landed = new TestBlobs.Landed(0, SIZE);
            transport.read(holder, digest, new ByteRange(0, SIZE), landed);
            assertThat(landed.bytes()).isEqualTo(blob);
            assertThatThrownBy(() -> transport.read(holder, digest, new ByteRange(SIZE, 1), landed))
                    .isInstanceOf(TransferException.Unreachable.class);
            assertThatThrownBy(() -> transport.read(holder, digest, new ByteRange(0, SIZE), (offset, bytes) -> {
                        throw new IOException("full");
                    }))
                    .isInstanceOf(TransferException.LandingFailed.class);
            goHalfWay(server, "Range: bytes=0-" + (SIZE - 1) + "\r\n\r\n");
            goHalfWay(server, "Content-Length: 3\r\n\r\nabc");
            goHalfWay(server, "X: " + "a".repeat(10_000));
        }
    }

    private void exerciseWithSessions(Config.Io io) throws Exception {
        Sessions sessions = new Sessions(System::nanoTime);
        try (ChunkServer server = ChunkServer.bindPlain(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), blobs, sessions, io, bytes -> {});
                TcpTransport transport = new TcpTransport(
                        Optional.empty(),
                        io,
                        new HolderSessions(new TestAdmission(holder -> sessions.make("reader")), System::nanoTime))) {
            for (int i = 0; i < 3; i++) {
                TestBlobs.Landed landed = new TestBlobs.Landed(0, SIZE);
                transport.read(server.address(), digest, new ByteRange(0, SIZE), landed);
                assertThat(landed.bytes()).isEqualTo(blob);
                for (int made = 0; made < Sessions.PER_PEER_MAX; made++) {
                    sessions.make("reader");
                }
            }
            goHalfWay(server, "Range: bytes=0-" + (SIZE - 1) + "\r\n\r\n");
        }
    }

    private void goHalfWay(ChunkServer server, String rest) throws IOException, InterruptedException {
        int connections = server.connections().count();
        InetSocketAddress address = server.address();
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            String request = "GET /v1/blobs/" + digest + " HTTP/1.1\r\nHost: h\r\n" + rest;
            socket.getOutputStream().write(request.repeat(2).getBytes(StandardCharsets.US_ASCII));
            assertThat(socket.getInputStream().read()).isNotEqualTo(-2);
        } catch (IOException e) {
            assertThat(e).hasMessageFindingMatch("reset|[Bb]roken pipe");
        }
        Await.until("gone", () -> server.connections().count() <= connections);
    }

    private static void leave() {
        PooledByteBufAllocator.DEFAULT.directBuffer(16).touch(LeakRecorder.DELIBERATE);
    }

    /** What was lost is reported when the next buffer is taken. */
    private static void allocateAndRelease() {
        for (int i = 0; i < 10; i++) {
            ByteBuf next = PooledByteBufAllocator.DEFAULT.directBuffer(16);
            next.release();
        }
    }

    private static int deliberate() {
        return (int) LeakRecorder.leaks().stream()
                .filter(leak -> leak.contains(LeakRecorder.DELIBERATE))
                .count();
    }
}
