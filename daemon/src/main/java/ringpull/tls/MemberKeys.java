package ringpull.tls;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Signs with the key of this member's certificate, and finds out who signed: whoever shows a certificate that a connection
 * would be accepted from now. For any thread.
 */
public final class MemberKeys {
    /** Of a certificate and what leads from it to an authority. */
    public static final int CERTIFICATES_BYTES_MAX = 16 << 10;

    /** Signers whose certificates are not checked anew with each signature. */
    private static final int KNOWN_MAX = 16_384;

    private static final String CHAIN_TYPE = "UNKNOWN";

    private final Supplier<CertificateSet> own;
    private final Supplier<MemberTrust> trust;
    private final Map<String, Known> known = new LinkedHashMap<>();

    /** A chain that was trusted, by whom, and until when that may hold. */
    private record Known(X509Certificate leaf, PeerIdentity identity, MemberTrust by, Instant until) {}

    /** A signature and whose it is. The arrays are shared, not copied. */
    public static final class Signed {
        private final byte[] certificates;
        private final byte[] signature;

        /** @param certificates the signer's in DER, then what leads to an authority */
        public Signed(byte[] certificates, byte[] signature) {
            this.certificates = certificates;
            this.signature = signature;
        }

        public byte[] certificates() {
            return certificates;
        }

        public byte[] signature() {
            return signature;
        }
    }

    /** What a signature turned out to be. */
    public sealed interface Signer {
        /** The key of this member's certificate made it. */
        record Is(PeerIdentity member) implements Signer {}

        /** The certificate is not trusted here, at least not now. */
        record Untrusted(String why) implements Signer {}

        /** The certificate is trusted, and its key did not sign this. */
        record Forged(PeerIdentity alleged) implements Signer {}
    }

    MemberKeys(Supplier<CertificateSet> own, Supplier<MemberTrust> trust) {
        this.own = own;
        this.trust = trust;
    }

    /** Signs by the certificate that is in force now. */
    public Signed sign(byte[] content) {
        CertificateSet set = own.get();
        try {
            ByteArrayOutputStream chain = new ByteArrayOutputStream();
            for (X509Certificate certificate : set.chain()) {
                chain.writeBytes(certificate.getEncoded());
            }
            Signature signature = Signature.getInstance(algorithm(set.key()));
            signature.initSign(set.key());
            signature.update(content);
            return new Signed(chain.toByteArray(), signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a key that has signed before does not sign", e);
        }
    }

    /** Who signed this content. */
    public Signer signer(byte[] content, Signed signed) {
        Known who;
        try {
            who = known(signed.certificates);
        } catch (CertificateException e) {
            return new Signer.Untrusted(String.valueOf(e.getMessage()));
        }
        try {
            Signature signature = Signature.getInstance(algorithm(who.leaf.getPublicKey()));
            signature.initVerify(who.leaf.getPublicKey());
            signature.update(content);
            if (signature.verify(signed.signature)) {
                return new Signer.Is(who.identity);
            }
        } catch (GeneralSecurityException e) {
            // Bytes that are no signature at all.
        }
        return new Signer.Forged(who.identity);
    }

    /** The standard name of how this kind of key signs. */
    static String algorithm(Key key) {
        return switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> key.getAlgorithm();
        };
    }

    private Known known(byte[] certificates) throws CertificateException {
        String fingerprint = Fingerprint.of(certificates);
        MemberTrust now = trust.get();
        Known before;
        synchronized (known) {
            before = known.get(fingerprint);
        }
        if (before != null && before.by == now && Instant.now().isBefore(before.until)) {
            return before;
        }
        Known checked = check(certificates, now);
        synchronized (known) {
            known.remove(fingerprint);
            known.put(fingerprint, checked);
            if (known.size() > KNOWN_MAX) {
                known.remove(known.keySet().iterator().next());
            }
        }
        return checked;
    }

    private static Known check(byte[] certificates, MemberTrust trust) throws CertificateException {
        if (certificates.length > CERTIFICATES_BYTES_MAX) {
            throw new CertificateException("more certificates than a member has");
        }
        X509Certificate[] chain = parse(certificates);
        trust.checkClientTrusted(chain, CHAIN_TYPE);
        Instant until = Arrays.stream(chain)
                .map(certificate -> certificate.getNotAfter().toInstant())
                .min(Instant::compareTo)
                .orElseThrow();
        return new Known(chain[0], PeerIdentity.of(chain[0]), trust, until);
    }

    private static X509Certificate[] parse(byte[] certificates) throws CertificateException {
        try (ByteArrayInputStream in = new ByteArrayInputStream(certificates)) {
            Collection<? extends Certificate> found =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (found.isEmpty()) {
                throw new CertificateException("no certificate");
            }
            return found.toArray(X509Certificate[]::new);
        } catch (IOException | ArrayStoreException | IllegalArgumentException e) {
            throw new CertificateException("not X.509 certificates", e);
        }
    }
}
