package ringpull.tls;

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

    private void check(X509Certificate[] chain, Path path) throws CertificateException {
        if (chain.length == 0) {
            throw new CertificateException("no certificate");
        }
        try {
            if (authorities.getAcceptedIssuers().length == 0) {
                throw new CertificateException("every authority of this member is revoked");
            }
            path.check();
            checkRing(chain);
        } catch (CertificateException | IllegalArgumentException e) {
            String why = reason(e);
            refused.accept(chain[0], why);
            // Without the cause: whoever looks for the innermost message finds this one.
            throw new CertificateException("the certificate of the other side is refused: " + why);
        }
    }

    private void checkRing(X509Certificate[] chain) throws CertificateException {
        for (X509Certificate certificate : chain) {
            if (revoked.contains(certificate)) {
                throw new CertificateException("it is revoked");
            }
        }
        Optional<String> theirs = PeerIdentity.of(chain[0]).cluster();
        if (!theirs.equals(cluster)) {
            throw new CertificateException("it is for " + ring(theirs) + ", this member's for " + ring(cluster));
        }
    }

    private static String ring(Optional<String> name) {
        return name.map(text -> "the ring " + text).orElse("no ring by name");
    }

    /** The innermost cause says it in the fewest words. */
    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return switch (cause) {
            case CertificateExpiredException e -> "it has expired (" + e.getMessage() + ")";
            case CertificateNotYetValidException e -> "it is not valid yet (" + e.getMessage() + ")";
            default -> String.valueOf(cause.getMessage());
        };
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
