package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.ByteRange;
import ringpull.config.Config;
import ringpull.tls.PeerTls;
import ringpull.tls.Strangers;
import ringpull.tls.TestCertificates;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;
import ringpull.transport.TransferException;

/** Who may read from a data port with certificates, and from whom a reader reads. */
class MutualTlsTest {
    @TempDir
    static Path certificates;

    static Config.Tls one;
    static Config.Tls two;
    static Strangers strangers;

    @TempDir
    Path folder;

    private final AtomicLong servedBytes = new AtomicLong();
    private PeerTls tls;
    private TestBlobs blobs;
    private byte[] blob;
    private ChunkServer server;

    @BeforeAll
    static void makeCertificates() throws IOException {
        TestCertificates ring = new TestCertificates(certificates, "ring");
        strangers = new Strangers(ring, certificates);
        one = strangers.knownTo(ring.member("one"));
        two = ring.member("two");
    }

    @BeforeEach
    void serve() throws IOException {
        blobs = new TestBlobs(folder);
        blob = blobs.add(3_000_000, 9);
        tls = PeerTls.of(one);
        server = ChunkServer.bind(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                blobs,
                Optional.of(tls),
                Config.Io.AUTO,
                servedBytes::addAndGet);
    }

    @AfterEach
    void stop() throws InterruptedException {
        Await.until("every connection gone", () -> server.connections().count() == 0);
        Await.until("every file closed", () -> blobs.stillOpen().isEmpty());
        server.close();
    }

    @Test
    void aMemberReads() throws Exception {
        TestBlobs.Landed landed = new TestBlobs.Landed(0, blob.length);

        read(Optional.of(PeerTls.of(two)), landed);

        assertThat(landed.bytes()).isEqualTo(blob);
        Await.until("counted", () -> servedBytes.get() == blob.length);
    }

    @Test
    void aMemberReadsWithAPlainSocket() throws Exception {
        // What the refusals below are measured against.
        assertThat(answer(Optional.of(two), "TLSv1.3")).isEqualTo('H');
    }

    @Test
    void strangersCertificatesAreRefused() throws Exception {
        for (Map.Entry<String, Config.Tls> stranger : strangers.certificates().entrySet()) {
            long before = tls.refused();
            assertNoAnswer(stranger.getKey(), Optional.of(stranger.getValue()), "TLSv1.3");
            assertThat(tls.refused()).as("refused here: " + stranger.getKey()).isGreaterThan(before);
        }
    }

    @Test
    void aServerOfAnotherAuthorityOrRingIsRefused() throws Exception {
        for (String kind : List.of("another authority's", "another ring's")) {
            PeerTls reader = PeerTls.of(strangers.certificate(kind));
            assertRefused(Optional.of(reader));
            assertThat(reader.refused()).as("refused there: " + kind).isPositive();
        }
    }

    @Test
    void aServerThatIsRevokedIsRefused() throws Exception {
        PeerTls lost = PeerTls.of(strangers.certificate("revoked"));
        try (ChunkServer revoked = ChunkServer.bind(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                blobs,
                Optional.of(lost),
                Config.Io.AUTO,
                servedBytes::addAndGet)) {
            TestBlobs.Landed landed = new TestBlobs.Landed(0, blob.length);
            try (TcpTransport transport = new TcpTransport(Optional.of(tls), Config.Io.AUTO)) {
                assertThatThrownBy(() -> transport.read(
                                revoked.address(), TestBlobs.digest(blob), new ByteRange(0, blob.length), landed))
                        .isInstanceOf(TransferException.Unreachable.class)
                        .rootCause()
                        .hasMessageContaining("revoked");
            }
            assertThat(landed.count()).isZero();
        }
    }

    @Test
    void aReaderWithoutTlsIsRefused() throws Exception {
        assertRefused(Optional.empty());
    }

    @Test
    void aReaderWithoutACertificateIsRefused() throws Exception {
        assertNoAnswer("none", Optional.empty(), "TLSv1.3");
    }

    @Test
    void anOlderTlsIsRefused() throws Exception {
        assertNoAnswer("older", Optional.of(two), "TLSv1.2");
    }

    private void assertRefused(Optional<PeerTls> tls) {
        TestBlobs.Landed landed = new TestBlobs.Landed(0, blob.length);
        assertThatThrownBy(() -> read(tls, landed)).isInstanceOf(TransferException.Unreachable.class);
        assertThat(landed.count()).isZero();
        assertThat(servedBytes).hasValue(0);
    }

    private void read(Optional<PeerTls> tls, TestBlobs.Landed landed) throws Exception {
        try (TcpTransport transport = new TcpTransport(tls, Config.Io.AUTO)) {
            transport.read(server.address(), TestBlobs.digest(blob), new ByteRange(0, blob.length), landed);
        }
    }

    private void assertNoAnswer(String what, Optional<Config.Tls> shown, String version) {
        assertThatThrownBy(() -> answer(shown, version)).as(what).isInstanceOf(IOException.class);
        assertThat(servedBytes).as(what).hasValue(0);
    }

    /** The first character of an answer. */
    private int answer(Optional<Config.Tls> shown, String version) throws IOException {
        InetSocketAddress address = server.address();
        try (Socket plain = new Socket(address.getAddress(), address.getPort());
                SSLSocket socket = (SSLSocket) Strangers.socketClient(shown)
                        .getSocketFactory()
                        .createSocket(plain, "localhost", address.getPort(), true)) {
            socket.setEnabledProtocols(new String[] {version});
            socket.setSoTimeout(30_000);
            String request = "GET /v1/blobs/" + TestBlobs.digest(blob) + " HTTP/1.1\r\nRange: bytes=0-1\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            int first = socket.getInputStream().read();
            if (first < 0) {
                throw new IOException("closed");
            }
            return first;
        }
    }
}
