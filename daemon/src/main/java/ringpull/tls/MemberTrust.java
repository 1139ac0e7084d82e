package ringpull.tls;

import io.netty.handler.ssl.OpenSslCertificateException;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Whom this member speaks with, whichever of the two dialled: whoever an authority vouches for, is not revoked, and is of
 * the same ring. Host names are not compared, because addresses are only data. For any thread.
 */
final class MemberTrust extends X509ExtendedTrustManager {
    // OpenSSL's numbers for what its verification finds. Netty's names for them need its native library, which is not
    // for
    // every processor.
    private static final int NOT_YET_VALID = 9;
    private static final int EXPIRED = 10;
    private static final int UNKNOWN_AUTHORITY = 20;
    private static final int REVOKED = 23;
    private static final int NOT_A_MEMBER = 28;

    private final X509TrustManager authorities;
    private final Revocations revoked;
    private final Optional<String> cluster;
    private final BiConsumer<X509Certificate, String> refused;

    /**
     * @param cluster as this member's own certificate names it
     * @param refused hears of each certificate that is refused, and why
     */
    MemberTrust(
            List<X509Certificate> authorities,
            Revocations revoked,
            Optional<String> cluster,
            BiConsumer<X509Certificate, String> refused) {
        this.authorities =
                pkix(authorities.stream().filter(ca -> !revoked.contains(ca)).toList());
        this.revoked = revoked;
        this.cluster = cluster;
        this.refused = refused;
    }

    private static X509TrustManager pkix(List<X509Certificate> authorities) {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (int i = 0; i < authorities.size(); i++) {
                store.setCertificateEntry("ca-" + i, authorities.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509TrustManager x509) {
                    return x509;
                }
            }
            throw new IllegalStateException("this Java has no PKIX trust manager");
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("this Java cannot hold certificates in memory", e);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain, () -> authorities.checkClientTrusted(chain, authType));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain, () -> authorities.checkServerTrusted(chain, authType));
    }

    private interface Path {
        void check() throws CertificateException;
    }

    /**
     * Why a certificate is refused.
     *
     * @param alert what the other side is told, as a result of OpenSSL's verification
     */
    private record Refusal(String why, int alert) {}

    private void check(X509Certificate[] chain, Path path) throws CertificateException {
        if (chain.length == 0) {
            throw new CertificateException("no certificate");
        }
        Optional<Refusal> refusal = pathRefusal(path).or(() -> memberRefusal(chain));
        if (refusal.isPresent()) {
            refused.accept(chain[0], refusal.get().why);
            throw new OpenSslCertificateException(
                    "the certificate of the other side is refused: " + refusal.get().why, refusal.get().alert);
        }
    }

    private Optional<Refusal> pathRefusal(Path path) {
        if (authorities.getAcceptedIssuers().length == 0) {
            return Optional.of(new Refusal("every authority of this member is revoked", UNKNOWN_AUTHORITY));
        }
        try {
            path.check();
            return Optional.empty();
        } catch (CertificateException | IllegalArgumentException e) {
            // The innermost cause says it in the fewest words.
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            return Optional.of(
                    switch (cause) {
                        case CertificateExpiredException x ->
                            new Refusal("it has expired (" + x.getMessage() + ")", EXPIRED);
                        case CertificateNotYetValidException x ->
                            new Refusal("it is not valid yet (" + x.getMessage() + ")", NOT_YET_VALID);
                        default -> new Refusal(String.valueOf(cause.getMessage()), UNKNOWN_AUTHORITY);
                    });
        }
    }

    private Optional<Refusal> memberRefusal(X509Certificate[] chain) {
        for (X509Certificate certificate : chain) {
            if (revoked.contains(certificate)) {
                return Optional.of(new Refusal("it is revoked", REVOKED));
            }
        }
        try {
            Optional<String> theirs = PeerIdentity.of(chain[0]).cluster();
            return theirs.equals(cluster)
                    ? Optional.empty()
                    : Optional.of(new Refusal(
                            "it is for " + ring(theirs) + ", this member's for " + ring(cluster), NOT_A_MEMBER));
        } catch (CertificateException e) {
            return Optional.of(new Refusal(String.valueOf(e.getMessage()), NOT_A_MEMBER));
        }
    }

    private static String ring(Optional<String> name) {
        return name.map(text -> "the ring " + text).orElse("no ring by name");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        checkServerTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        checkServerTrusted(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return authorities.getAcceptedIssuers();
    }
}
