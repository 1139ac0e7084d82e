package ringpull.tls;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.DelegatingSslContext;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.internal.tcnative.SSL;
import java.io.IOException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;

/** What Netty and gRPC need for one set of certificates. */
record Contexts(SslContext dataServer, SslContext dataClient, SslContext controlServer, SslContext controlClient) {
    private static final String VERSION = "TLSv1.3";

    /** @throws IOException if the TLS library does not take these certificates */
    static Contexts of(CertificateSet set, TrustManager trust) throws IOException {
        try {
            return new Contexts(
                    server(set, trust).sslProvider(fastest()).build(),
                    client(set, trust).sslProvider(fastest()).build(),
                    new WithoutTickets(
                            GrpcSslContexts.configure(server(set, trust)).build()),
                    new WithoutHostNames(
                            GrpcSslContexts.configure(client(set, trust)).build()));
        } catch (SSLException | IllegalArgumentException e) {
            throw new IOException("[peer] cert, key: the TLS library refuses them: " + e.getMessage(), e);
        }
    }

    /** BoringSSL where Netty has it for this processor: it costs three quarters of what the JDK's TLS does. */
    private static SslProvider fastest() {
        return OpenSsl.isAvailable() && SslProvider.isTlsv13Supported(SslProvider.OPENSSL)
                ? SslProvider.OPENSSL
                : SslProvider.JDK;
    }

    private static SslContextBuilder server(CertificateSet set, TrustManager trust) {
        return SslContextBuilder.forServer(set.key(), set.chain().toArray(new X509Certificate[0]))
                .trustManager(trust)
                .clientAuth(ClientAuth.REQUIRE)
                .protocols(VERSION);
    }

    private static SslContextBuilder client(CertificateSet set, TrustManager trust) {
        return SslContextBuilder.forClient()
                .keyManager(set.key(), set.chain().toArray(new X509Certificate[0]))
                .trustManager(trust)
                .endpointIdentificationAlgorithm(null)
                .protocols(VERSION);
    }

    /**
     * Members call many others once in a while, and netty remembers one ticket of them all: tickets are two in seven bytes of
     * a handshake, and are of no use.
     */
    private static final class WithoutTickets extends DelegatingSslContext {
        private WithoutTickets(SslContext context) {
            super(context);
        }

        @Override
        protected void initEngine(SSLEngine engine) {
            if (engine instanceof ReferenceCountedOpenSslEngine boring) {
                SSL.setOptions(boring.sslPointer(), SSL.SSL_OP_NO_TICKET);
            }
        }
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
}
