package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.tls.PeerTls;
import ringpull.tls.TestCertificates;
import ringpull.transport.TestBlobs;
import ringpull.transport.TransferException;
import ringpull.transport.session.Admission;
import ringpull.transport.session.HolderSessions;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;
import ringpull.transport.session.TestAdmission;

/** How a reader gets its sessions, keeps them, and replaces them once. */
class SessionTransportTest {
    private static final int SIZE = 300_000;

    @TempDir
    Path folder;

    private final AtomicLong now = new AtomicLong();
    private final List<AutoCloseable> open = new ArrayList<>();
    private Sessions sessions = new Sessions(now::get);
    private final TestAdmission admission = new TestAdmission(holder -> sessions.make("reader"));
    private TestBlobs blobs;
    private byte[] blob;
    private Digest digest;

    @BeforeEach
    void addBlob() throws IOException {
        blobs = new TestBlobs(folder);
        blob = blobs.add(SIZE, 8);
        digest = TestBlobs.digest(blob);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable part : open.reversed()) {
            part.close();
        }
    }

    @Test
    void manyConnectionsShareOneSession() throws Exception {
        ChunkServer server = serve();
        TcpTransport transport = transport(Optional.empty(), admission);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> reads = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                reads.add(threads.submit(() -> {
                    read(transport, server.address());
                    return null;
                }));
            }
            for (Future<?> read : reads) {
                read.get(60, TimeUnit.SECONDS);
            }
        }
        assertThat(admission.asked()).isEqualTo(1);
        assertThat(sessions.count()).isEqualTo(1);
    }

    @Test
    void aSessionIsReplacedBeforeItsTimeIsOver() throws Exception {
        ChunkServer server = serve();
        TcpTransport transport = transport(Optional.empty(), admission);
        read(transport, server.address());

        now.addAndGet(Sessions.LIFETIME.toNanos() - 1);
        read(transport, server.address());

        assertThat(admission.asked()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSessionThatTheHolderForgotIsReplacedOnce(boolean connectionStands) throws Exception {
        ChunkServer server = serve();
        TcpTransport transport = transport(Optional.empty(), admission);
        read(transport, server.address());
        if (!connectionStands) {
            transport.pool().closeIdleSince(System.nanoTime());
        }
        for (int i = 0; i < Sessions.PER_PEER_MAX; i++) {
            sessions.make("reader");
        }

        read(transport, server.address());

        assertThat(admission.asked()).isEqualTo(2);
    }

    @Test
    void aHolderThatTakesNoSessionHasFailedAfterOneMore() throws Exception {
        ChunkServer server = serve();
        TcpTransport transport = transport(Optional.empty(), admission);
        read(transport, server.address());
        Sessions elsewhere = new Sessions(now::get);
        for (int i = 0; i < Sessions.PER_PEER_MAX; i++) {
            sessions.make("reader");
        }
        sessions = elsewhere;

        assertThatThrownBy(() -> read(transport, server.address()))
                .isInstanceOf(TransferException.Unreachable.class)
                .hasMessageContaining(server.address().toString())
                .hasMessageContaining("does not take the session");
        assertThat(admission.asked()).isEqualTo(2);
    }

    @Test
    void aHolderThatStartedAgainIsAskedAgain() throws Exception {
        ChunkServer first = serve();
        InetSocketAddress address = first.address();
        TcpTransport transport = transport(Optional.empty(), admission);
        read(transport, address);
        first.close();
        sessions = new Sessions(now::get);
        serve(address);

        read(transport, address);

        assertThat(admission.asked()).isEqualTo(2);
    }

    @Test
    void aHolderThatGivesNoneIsUnreachable() throws Exception {
        ChunkServer server = serve();
        TestAdmission refusing = new TestAdmission(holder -> {
            throw new IOException("not you");
        });
        TcpTransport transport = transport(Optional.empty(), refusing);

        assertThatThrownBy(() -> read(transport, server.address()))
                .isInstanceOf(TransferException.Unreachable.class)
                .hasMessageContaining("gives no session: not you");
    }

    /** The holder decides: a reader whose own port speaks TLS reads from both kinds. */
    @Test
    void aReaderReadsFromEachHolderAsItAnnounces() throws Exception {
        Optional<PeerTls> tls = Optional.of(PeerTls.of(new TestCertificates(folder, "ring").member("one")));
        ChunkServer plain = serve();
        ChunkServer secure = closing(ChunkServer.bind(loopback(), blobs, tls, Config.Io.AUTO, bytes -> {}));
        TcpTransport transport = transport(tls, new Admission() {
            @Override
            public boolean isPlain(InetSocketAddress holder) {
                return holder.equals(plain.address());
            }

            @Override
            public boolean offersRdma(InetSocketAddress holder) {
                return false;
            }

            @Override
            public Session ask(InetSocketAddress holder) throws IOException {
                return admission.ask(holder);
            }
        });

        read(transport, plain.address());
        read(transport, secure.address());

        assertThat(admission.asked()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nRingpull-Nonce: 00\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nRingpull-Nonce: 00112233445566778899aabbccddeeff\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
                "what is this\r\n\r\n"
            })
    void aHolderThatAnswersAGreetingWronglyIsUnreachable(String answer) throws Exception {
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> {
            out.write(answer.getBytes(StandardCharsets.US_ASCII));
            return true;
        })) {
            TcpTransport transport = transport(Optional.empty(), admission);

            assertThatThrownBy(() -> read(transport, holder.address()))
                    .isInstanceOf(TransferException.Unreachable.class)
                    .hasMessageContaining("answered a greeting with");
            assertThat(holder.requests()).isEqualTo(1);
        }
    }

    @Test
    void aHolderThatDoesNotAnswerAGreetingIsUnreachable() throws Exception {
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> true)) {
            TcpTransport transport = transport(Optional.empty(), admission, Duration.ofMillis(300));

            assertThatThrownBy(() -> read(transport, holder.address()))
                    .isInstanceOf(TransferException.Unreachable.class)
                    .hasMessageContaining("does not answer a greeting");
        }
    }

    private void read(TcpTransport transport, InetSocketAddress holder) throws Exception {
        TestBlobs.Landed landed = new TestBlobs.Landed(0, SIZE);
        transport.read(holder, digest, new ByteRange(0, SIZE), landed);
        assertThat(landed.bytes()).isEqualTo(blob);
    }

    private ChunkServer serve() throws IOException {
        return serve(loopback());
    }

    private ChunkServer serve(InetSocketAddress address) throws IOException {
        return closing(ChunkServer.bindPlain(address, blobs, sessions, Config.Io.AUTO, bytes -> {}));
    }

    private static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private TcpTransport transport(Optional<PeerTls> tls, Admission by) throws IOException {
        return transport(tls, by, Duration.ofSeconds(10));
    }

    private TcpTransport transport(Optional<PeerTls> tls, Admission by, Duration connect) throws IOException {
        return closing(new TcpTransport(
                tls,
                Config.Io.AUTO,
                new HolderSessions(by, now::get),
                new TcpTransport.Times(connect, Duration.ofSeconds(20), Duration.ofSeconds(30)),
                ConnectionPool.PER_HOLDER_MAX,
                ConnectionPool.TOTAL_MAX));
    }

    private <T extends AutoCloseable> T closing(T part) {
        open.add(part);
        return part;
    }
}
