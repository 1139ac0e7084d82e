package ringpull.tls;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertStore;
import java.security.cert.CertificateParsingException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What certificates and keys are to each other. */
public final class Certificates {
    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
    private static final String ANY_USAGE = "2.5.29.37.0";

    private static final Duration AHEAD = Duration.ofDays(14);

    /** Certificates that live for hours are renewed every hour: those are due in the last quarter of their life. */
    private static final int LAST_PART = 4;

    private Certificates() {}

    /** From when on it is told that a certificate with this life wants renewing. */
    public static Instant renewalDue(Instant from, Instant until) {
        Duration ahead = Duration.between(from, until).dividedBy(LAST_PART);
        return until.minus(ahead.compareTo(AHEAD) > 0 ? AHEAD : ahead);
    }

    /** Whether the two belong together. */
    public static boolean matches(PrivateKey key, X509Certificate certificate) {
        String algorithm = MemberKeys.algorithm(key);
        byte[] challenge = new byte[32];
        new SecureRandom().nextBytes(challenge);
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(challenge);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(challenge);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /**
     * Whether a way leads from the first certificate of the chain to one of the authorities. Whether it is valid now is
     * another question: the way is looked for at a time when it was, or will be.
     */
    public static boolean vouchedFor(List<X509Certificate> chain, List<X509Certificate> authorities) {
        X509Certificate leaf = chain.getFirst();
        X509CertSelector target = new X509CertSelector();
        target.setCertificate(leaf);
        Set<TrustAnchor> anchors =
                authorities.stream().map(ca -> new TrustAnchor(ca, null)).collect(Collectors.toSet());
        Instant from = leaf.getNotBefore().toInstant();
        Instant until = leaf.getNotAfter().toInstant();
        Instant now = Instant.now();
        Instant when = now.isBefore(from) ? from : now.isAfter(until) ? until : now;
        try {
            PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, target);
            parameters.setRevocationEnabled(false);
            parameters.setDate(Date.from(when));
            parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(chain)));
            CertPathBuilder.getInstance("PKIX").build(parameters);
            return true;
        } catch (CertPathBuilderException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java builds PKIX paths", e);
        }
    }

    /** Whether a member may use it towards others and others towards it. */
    public static boolean forBothDirections(X509Certificate certificate) {
        try {
            List<String> usages = certificate.getExtendedKeyUsage();
            return usages == null
                    || usages.contains(ANY_USAGE)
                    || (usages.contains(SERVER_AUTH) && usages.contains(CLIENT_AUTH));
        } catch (CertificateParsingException e) {
            return false;
        }
    }
}
