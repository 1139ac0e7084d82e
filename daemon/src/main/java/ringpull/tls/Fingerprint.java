package ringpull.tls;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

/** SHA-256 fingerprints, in 64 lower-case hex digits. */
public final class Fingerprint {
    private Fingerprint() {}

    /** Of the whole certificate: another one for the same key has another. */
    public static String ofCertificate(X509Certificate certificate) throws CertificateEncodingException {
        return of(certificate.getEncoded());
    }

    /** Of the public key, with its algorithm (SubjectPublicKeyInfo): the same for every certificate of that key. */
    public static String ofKey(X509Certificate certificate) {
        return of(certificate.getPublicKey().getEncoded());
    }

    static String of(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
