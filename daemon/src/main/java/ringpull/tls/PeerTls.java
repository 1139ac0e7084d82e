package ringpull.tls;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.DelegatingSslContext;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import ringpull.config.Config;

/**
 * TLS 1.3 with certificates on both sides, all signed by the ring's own CA. Who a member is follows from its
 * certificate; its address is only data, so host names are not compared.
 */
public final class PeerTls {
    private final Config.Tls files;

    private PeerTls(Config.Tls files) {
        this.files = files;
    }

    /**
     * Reads the files once to find out now whether they will do.
     *
     * @throws IOException naming the file and the key in the configuration, if one is missing or not PEM
     */
    public static PeerTls of(Config.Tls files) throws IOException {
        readable(files.cert(), "cert");
        readable(files.key(), "key");
        readable(files.ca(), "ca");
        PeerTls tls = new PeerTls(files);
        try {
            tls.dataServer();
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "[peer] cert, key, ca: " + files.cert() + ", " + files.key() + " and " + files.ca()
                            + " are not a PEM certificate, its PKCS#8 key and a CA: " + e.getMessage(),
                    e);
        }
        return tls;
    }

    /** For the data port. */
    public SslContext dataServer() throws IOException {
        return server().sslProvider(fastest()).build();
    }

    /** For connections to other members' data ports. */
    public SslContext dataClient() throws IOException {
        return client().sslProvider(fastest()).build();
    }

    /** For the control port (HTTP/2). */
    public SslContext controlServer() throws IOException {
        return GrpcSslContexts.configure(server()).build();
    }

    /** For connections to other members' control ports (HTTP/2). */
    public SslContext controlClient() throws IOException {
        return new WithoutHostNames(GrpcSslContexts.configure(client()).build());
    }

    /** gRPC compares host names wherever an engine does not say how; the empty name of a way says: not at all. */
    private static final class WithoutHostNames extends DelegatingSslContext {
        private WithoutHostNames(SslContext context) {
            super(context);
        }

        @Override
        protected void initEngine(SSLEngine engine) {
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("");
            engine.setSSLParameters(parameters);
        }
    }

    /** BoringSSL where Netty has it for this processor: it costs three quarters of what the JDK's TLS does. */
    private static SslProvider fastest() {
        return OpenSsl.isAvailable() && SslProvider.isTlsv13Supported(SslProvider.OPENSSL)
                ? SslProvider.OPENSSL
                : SslProvider.JDK;
    }

    private SslContextBuilder server() {
        return SslContextBuilder.forServer(files.cert().toFile(), files.key().toFile())
                .trustManager(files.ca().toFile())
                .clientAuth(ClientAuth.REQUIRE)
                .protocols("TLSv1.3");
    }

    private SslContextBuilder client() {
        return SslContextBuilder.forClient()
                .keyManager(files.cert().toFile(), files.key().toFile())
                .trustManager(files.ca().toFile())
                .endpointIdentificationAlgorithm(null)
                .protocols("TLSv1.3");
    }

    private static void readable(Path file, String key) throws IOException {
        if (!Files.isReadable(file)) {
            throw new IOException("[peer] " + key + ": cannot read " + file);
        }
    }
}
