package ringpull.tls;

import java.io.IOException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import ringpull.config.Config;

/**
 * One reading of the three files, which fit together: the key is the certificate's, and the authorities vouch for it.
 *
 * @param chain this member's certificate, then what leads to an authority
 */
record CertificateSet(
        List<X509Certificate> chain, PrivateKey key, List<X509Certificate> authorities, PeerIdentity identity) {
    /** The longest chain, and the most authorities. */
    private static final int CERTIFICATES_MAX = 256;

    CertificateSet {
        chain = List.copyOf(chain);
        authorities = List.copyOf(authorities);
    }

    /** @throws IOException with a sentence that names the file and what to do, if they do not fit together */
    static CertificateSet read(Config.Tls files) throws IOException {
        List<X509Certificate> chain = read("cert", () -> Pem.certificates(files.cert()));
        List<X509Certificate> authorities = read("ca", () -> Pem.certificates(files.ca()));
        X509Certificate leaf = chain.getFirst();
        PrivateKey key = read("key", () -> Pem.privateKey(files.key(), leaf.getPublicKey()));
        if (chain.size() > CERTIFICATES_MAX || authorities.size() > CERTIFICATES_MAX) {
            throw new IOException("[peer] cert, ca: more than " + CERTIFICATES_MAX + " certificates in one file");
        }
        if (!Certificates.matches(key, leaf)) {
            throw new IOException(
                    "[peer] key: " + files.key() + " is not the key of the first certificate in " + files.cert());
        }
        if (!Certificates.forBothDirections(leaf)) {
            throw new IOException("[peer] cert: " + files.cert()
                    + " is not for both directions: a member's certificate needs the usages client auth and server"
                    + " auth, or no extended key usage at all");
        }
        if (!Certificates.vouchedFor(chain, authorities)) {
            throw new IOException("[peer] ca: no authority in " + files.ca() + " vouches for the certificate in "
                    + files.cert() + ", which " + leaf.getIssuerX500Principal()
                    + " issued; where there are intermediate authorities, append their certificates to cert");
        }
        try {
            return new CertificateSet(chain, key, authorities, PeerIdentity.of(leaf));
        } catch (CertificateException e) {
            throw new IOException("[peer] cert: " + files.cert() + ": " + e.getMessage(), e);
        }
    }

    private interface Reading<T> {
        T read() throws IOException;
    }

    private static <T> T read(String name, Reading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (IOException e) {
            throw new IOException("[peer] " + name + ": " + e.getMessage(), e);
        }
    }

    X509Certificate leaf() {
        return chain.getFirst();
    }

    /** Until the first of the chain expires: then others see no way to an authority. */
    Instant validUntil() {
        return chain.stream()
                .map(certificate -> certificate.getNotAfter().toInstant())
                .min(Comparator.naturalOrder())
                .orElseThrow();
    }
}
