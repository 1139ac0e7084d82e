package ringpull.tls;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.math.BigInteger;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;
import ringpull.config.Config;
import ringpull.pki.Authority;

/** Who must not get into a ring with certificates, and what each of them would show. */
public final class Strangers {
    private final Map<String, Config.Tls> certificates = new LinkedHashMap<>();
    private final Path revoked;

    /** @param ring that they want to get into */
    public Strangers(TestCertificates ring, Path folder) throws IOException {
        TestCertificates elsewhere = new TestCertificates(folder, "elsewhere");
        Instant now = Instant.now();
        String cluster = TestCertificates.CLUSTER;
        certificates.put("self-signed", selfSigned(elsewhere));
        certificates.put("another authority's", elsewhere.member("one"));
        certificates.put("another ring's", ring.member("other", "of-other", now));
        certificates.put("expired", ring.member(cluster, "late", now.minus(Duration.ofDays(3))));
        certificates.put("not yet valid", ring.member(cluster, "early", now.plus(Duration.ofDays(1))));
        certificates.put("issued by a member", issuedBy(ring.member("forger"), elsewhere));
        certificates.put("revoked", ring.member("lost"));
        revoked = folder.resolve("revoked");
        Files.writeString(revoked, fingerprint(certificate("revoked")) + " # lost\n");
    }

    /** It says that it is a member, and nobody vouches for it. */
    private static Config.Tls selfSigned(TestCertificates to) throws IOException {
        Config.Tls files = to.member("self");
        X509Certificate model = Pem.certificates(files.cert()).getFirst();
        PrivateKey key = Pem.privateKey(files.key(), model.getPublicKey());
        try {
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    model.getSubjectX500Principal(),
                    BigInteger.ONE,
                    model.getNotBefore(),
                    model.getNotAfter(),
                    model.getSubjectX500Principal(),
                    model.getPublicKey());
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, "ringpull://test/self")));
            X509Certificate signed = new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
            return to.write(new Authority.Issued(signed, key), "self");
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException(e);
        }
    }

    /** A member makes itself an authority. */
    private static Config.Tls issuedBy(Config.Tls member, TestCertificates to) throws IOException {
        X509Certificate leaf = Pem.certificates(member.cert()).getFirst();
        Authority forger = new Authority(leaf, Pem.privateKey(member.key(), leaf.getPublicKey()));
        Authority.Request request = new Authority.Request(TestCertificates.CLUSTER, "forged", List.of());
        Config.Tls files = to.write(forger.issue(request, Instant.now(), Duration.ofDays(1)), "forged");
        Files.writeString(files.cert(), Files.readString(files.cert()) + Files.readString(member.cert()));
        return files;
    }

    /** Of a certificate, as a list of revocations has it. */
    public static String fingerprint(Config.Tls member) throws IOException {
        try {
            return Fingerprint.ofCertificate(Pem.certificates(member.cert()).getFirst());
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    public Map<String, Config.Tls> certificates() {
        return certificates;
    }

    /** One of them. */
    public Config.Tls certificate(String kind) {
        return Objects.requireNonNull(certificates.get(kind), kind);
    }

    /** A member's files, with the list of who is revoked. */
    public Config.Tls knownTo(Config.Tls member) {
        return new Config.Tls(member.cert(), member.key(), member.ca(), Optional.of(revoked));
    }

    /** For gRPC: shows this, or nothing, and trusts anybody. */
    public static SslContext grpcClient(Optional<Config.Tls> shown) throws IOException {
        SslContextBuilder client = GrpcSslContexts.forClient().trustManager(InsecureTrustManagerFactory.INSTANCE);
        if (shown.isPresent()) {
            client.keyManager(Shown.of(shown.get()));
        }
        return client.build();
    }

    /** For plain sockets: shows this, or nothing, and trusts anybody. */
    public static SSLContext socketClient(Optional<Config.Tls> shown) throws IOException {
        KeyManager[] keys = shown.isPresent() ? new KeyManager[] {Shown.of(shown.get())} : new KeyManager[0];
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    /** Shows its certificate whatever authorities are asked for: those who mean well would show none. */
    private static final class Shown extends X509ExtendedKeyManager {
        private static final String ALIAS = "shown";

        private final X509Certificate[] chain;
        private final PrivateKey key;

        private Shown(List<X509Certificate> chain, PrivateKey key) {
            this.chain = chain.toArray(new X509Certificate[0]);
            this.key = key;
        }

        private static Shown of(Config.Tls files) throws IOException {
            List<X509Certificate> chain = Pem.certificates(files.cert());
            return new Shown(chain, Pem.privateKey(files.key(), chain.getFirst().getPublicKey()));
        }

        @Override
        public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
            return ALIAS;
        }

        @Override
        public String chooseEngineClientAlias(String[] keyTypes, Principal[] issuers, SSLEngine engine) {
            return ALIAS;
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return chain.clone();
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return key;
        }

        @Override
        public String[] getClientAliases(String keyType, Principal[] issuers) {
            return new String[] {ALIAS};
        }

        @Override
        public String[] getServerAliases(String keyType, Principal[] issuers) {
            return new String[0];
        }

        @Override
        public @Nullable String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
            return null;
        }
    }
}
