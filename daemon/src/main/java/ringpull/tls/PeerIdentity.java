package ringpull.tls;

import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/**
 * Who a member is, by what its authority vouches for: the URI in its certificate, which stays when the key is renewed; else
 * the key itself.
 *
 * @param text {@code ringpull://<cluster>/<node>}, {@code spiffe://…}, or {@code sha256:} and the hash of the public key
 * @param cluster the only ring that the certificate is for; empty: the certificate names none
 */
public record PeerIdentity(String text, Optional<String> cluster) {
    private static final String OURS = "ringpull://";
    private static final String SPIFFE = "spiffe://";
    private static final Pattern MEMBER =
            Pattern.compile(OURS + "([A-Za-z0-9][A-Za-z0-9._-]{0,62})/[A-Za-z0-9][A-Za-z0-9._-]{0,252}");

    /** SPIFFE's own limit. */
    private static final int URI_CHARS = 2048;

    private static final int URI_TYPE = 6;
    private static final int ID_BYTES = 16;

    /** @throws CertificateException if it names more than one member, or one in a form that is not valid */
    public static PeerIdentity of(X509Certificate certificate) throws CertificateException {
        List<String> uris = uris(certificate).stream()
                .filter(uri -> uri.startsWith(OURS) || uri.startsWith(SPIFFE))
                .toList();
        if (uris.size() > 1) {
            throw new CertificateException("it names more than one member: " + String.join(", ", uris));
        }
        if (uris.isEmpty()) {
            return new PeerIdentity("sha256:" + Fingerprint.ofKey(certificate), Optional.empty());
        }
        String uri = uris.getFirst();
        if (uri.length() > URI_CHARS || uri.chars().anyMatch(c -> c <= ' ' || c >= 0x7f)) {
            throw new CertificateException("the URI that names its member is too long or not plain ASCII");
        }
        if (uri.startsWith(SPIFFE)) {
            return new PeerIdentity(uri, Optional.empty());
        }
        Matcher parts = MEMBER.matcher(uri);
        if (!parts.matches()) {
            throw new CertificateException(uri + " is not ringpull://<cluster>/<node>");
        }
        return new PeerIdentity(uri, Optional.of(parts.group(1)));
    }

    /** The other side of a connection whose handshake has ended. */
    public static PeerIdentity of(SSLSession session) throws SSLPeerUnverifiedException {
        Certificate[] chain = session.getPeerCertificates();
        try {
            if (chain[0] instanceof X509Certificate certificate) {
                return of(certificate);
            }
        } catch (CertificateException e) {
            SSLPeerUnverifiedException refused = new SSLPeerUnverifiedException(e.getMessage());
            refused.initCause(e);
            throw refused;
        }
        throw new SSLPeerUnverifiedException("not an X.509 certificate");
    }

    /** The member id that goes with it: 32 hex digits, the first 16 bytes of the text's SHA-256. */
    public String memberId() {
        return Fingerprint.of(text.getBytes(StandardCharsets.UTF_8)).substring(0, 2 * ID_BYTES);
    }

    private static List<String> uris(X509Certificate certificate) throws CertificateParsingException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        List<String> uris = new ArrayList<>();
        for (List<?> name : names == null ? List.<List<?>>of() : names) {
            if (name.get(0) instanceof Integer type && type == URI_TYPE && name.get(1) instanceof String uri) {
                uris.add(uri);
            }
        }
        return uris;
    }
}
