package ringpull.pki;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import ringpull.tls.Certificates;
import ringpull.tls.PeerIdentity;
import ringpull.tls.Pem;

/** A member's certificate and key as files: {@code <name>.pem} and {@code <name>.key}. */
public record MemberFiles(Path certificate, Path key, String name) {
    private static final int DNS_TYPE = 2;
    private static final int IP_TYPE = 7;

    /** @throws IllegalArgumentException if these would be the authority's own files */
    public static MemberFiles of(Path folder, String name) {
        if (name.equals("ca")) {
            throw new IllegalArgumentException("a node cannot be called ca: ca.pem and ca.key are the authority's");
        }
        return new MemberFiles(folder.resolve(name + ".pem"), folder.resolve(name + ".key"), name);
    }

    /**
     * Makes both.
     *
     * @param cluster empty: the authority's
     * @throws IllegalArgumentException with a sentence, if a name is not valid or there is no cluster
     * @throws IOException if there are files and {@code replace} is false, or they cannot be written
     */
    public X509Certificate issue(
            Authority authority,
            Optional<String> cluster,
            List<String> addresses,
            Instant now,
            Duration life,
            boolean replace)
            throws IOException {
        Authority.Issued issued = authority.issue(request(authority, cluster, addresses), now, life);
        if (!replace && Files.exists(certificate)) {
            throw new IOException(certificate + " exists already; --renew or --force replaces it");
        }
        KeyFiles.write(key, issued.key(), replace);
        KeyFiles.write(certificate, issued.certificate(), replace);
        return issued.certificate();
    }

    /**
     * Makes another certificate for the same key and member.
     *
     * @param cluster empty: the former certificate's
     * @param addresses empty: the former certificate's
     */
    public X509Certificate renew(
            Authority authority, Optional<String> cluster, List<String> addresses, Instant now, Duration life)
            throws IOException {
        X509Certificate former = Pem.certificates(certificate).getFirst();
        PrivateKey kept = Pem.privateKey(key, former.getPublicKey());
        if (!Certificates.matches(kept, former)) {
            throw new IOException(key + " is not the key of " + certificate + ": --force makes both anew");
        }
        Optional<String> ring =
                cluster.isPresent() ? cluster : identityOf(former).cluster();
        Authority.Request request = request(authority, ring, addresses.isEmpty() ? addresses(former) : addresses);
        X509Certificate renewed = authority.issue(request, former.getPublicKey(), now, life);
        KeyFiles.write(certificate, renewed, true);
        return renewed;
    }

    private Authority.Request request(Authority authority, Optional<String> cluster, List<String> addresses) {
        String ring = cluster.or(authority::cluster)
                .orElseThrow(() -> new IllegalArgumentException(
                        "this authority was not made by ringpull pki init and names no ring: say --cluster"));
        return new Authority.Request(ring, name, addresses);
    }

    /** As which member a certificate counts. */
    public static String identity(X509Certificate certificate) throws IOException {
        return identityOf(certificate).text();
    }

    private static PeerIdentity identityOf(X509Certificate certificate) throws IOException {
        try {
            return PeerIdentity.of(certificate);
        } catch (CertificateException e) {
            throw new IOException("the certificate names no member: " + e.getMessage(), e);
        }
    }

    private static List<String> addresses(X509Certificate certificate) throws IOException {
        try {
            List<String> addresses = new ArrayList<>();
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            for (List<?> name : names == null ? List.<List<?>>of() : names) {
                boolean address = name.get(0) instanceof Integer type && (type == DNS_TYPE || type == IP_TYPE);
                if (address && name.get(1) instanceof String text) {
                    addresses.add(text);
                }
            }
            return addresses;
        } catch (CertificateParsingException e) {
            throw new IOException("the addresses of the former certificate cannot be read", e);
        }
    }
}
