package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.ByteRange;
import ringpull.config.Config;
import ringpull.tls.PeerTls;
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
    static Config.Tls stranger;

    @TempDir
    Path folder;

    private final AtomicLong servedBytes = new AtomicLong();
    private TestBlobs blobs;
    private byte[] blob;
    private ChunkServer server;

    @BeforeAll
    static void makeCertificates() throws IOException, InterruptedException {
        TestCertificates ring = new TestCertificates(certificates, "ring");
        one = ring.member("one");
        two = ring.member("two");
        stranger = new TestCertificates(certificates, "elsewhere").member("stranger");
    }

    @BeforeEach
    void serve() throws IOException {
        blobs = new TestBlobs(folder);
        blob = blobs.add(3_000_000, 9);
        server = ChunkServer.bind(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                blobs,
                Optional.of(PeerTls.of(one)),
                Config.Io.AUTO,
                servedBytes::addAndGet);
    }

    @AfterEach
    void stop() throws InterruptedException {
        Await.until("every connection gone", () -> server.connections().count() == 0);
        server.close();
        assertThat(blobs.stillOpen()).isEmpty();
    }

    @Test
    void aMemberReads() throws Exception {
        TestBlobs.Landed landed = new TestBlobs.Landed(0, blob.length);

        read(Optional.of(PeerTls.of(two)), landed);

        assertThat(landed.bytes()).isEqualTo(blob);
        Await.until("counted", () -> servedBytes.get() == blob.length);
    }

    @Test
    void aStrangersCertificateIsRefused() throws Exception {
        // It trusts the server, so that the refusal is the server's own.
        assertRefused(Optional.of(PeerTls.of(new Config.Tls(stranger.cert(), stranger.key(), one.ca()))));
    }

    @Test
    void aServerOfAnotherRingIsRefused() throws Exception {
        TestCertificates other = new TestCertificates(folder, "other");
        Config.Tls member = other.member("member");
        assertRefused(Optional.of(PeerTls.of(member)));
    }

    @Test
    void aReaderWithoutTlsIsRefused() throws Exception {
        assertRefused(Optional.empty());
    }

    @Test
    void aReaderWithoutACertificateIsRefused() throws Exception {
        assertNoAnswer("TLSv1.3");
    }

    @Test
    void anOlderTlsIsRefused() throws Exception {
        assertNoAnswer("TLSv1.2");
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

    private void assertNoAnswer(String version) throws IOException, GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
        InetSocketAddress address = server.address();
        try (Socket plain = new Socket(address.getAddress(), address.getPort());
                SSLSocket socket = (SSLSocket)
                        context.getSocketFactory().createSocket(plain, "localhost", address.getPort(), true)) {
            socket.setEnabledProtocols(new String[] {version});
            socket.setSoTimeout(30_000);
            assertThatThrownBy(() -> {
                        socket.getOutputStream()
                                .write(("GET /v1/blobs/" + TestBlobs.digest(blob)
                                                + " HTTP/1.1\r\nRange: bytes=0-1\r\n\r\n")
                                        .getBytes(StandardCharsets.US_ASCII));
                        if (socket.getInputStream().read() < 0) {
                            throw new IOException("closed");
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
        assertThat(servedBytes).hasValue(0);
    }
}
