package ringpull.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Certificates that count no more, by fingerprint: of the certificate, or of its key and so of every certificate for that
 * key.
 */
record Revocations(Set<String> fingerprints) {
    static final Revocations NONE = new Revocations(Set.of());

    private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-f]{64}");
    private static final String PREFIX = "sha256:";

    Revocations {
        fingerprints = Set.copyOf(fingerprints);
    }

    /**
     * One fingerprint a line: 64 hex digits, in either case, with or without colons between the bytes or {@code sha256:} in
     * front. What follows a {@code #} is a comment.
     *
     * @throws IOException naming file and line, if one is not valid: a revocation that was meant must not be lost
     */
    static Revocations read(Optional<Path> file) throws IOException {
        if (file.isEmpty()) {
            return NONE;
        }
        Set<String> fingerprints = new HashSet<>();
        int number = 0;
        for (String line : text(file.get()).lines().toList()) {
            number++;
            String word = line.replaceFirst("#.*", "").strip().toLowerCase(Locale.ROOT);
            String hex = (word.startsWith(PREFIX) ? word.substring(PREFIX.length()) : word).replace(":", "");
            if (FINGERPRINT.matcher(hex).matches()) {
                fingerprints.add(hex);
            } else if (!word.isEmpty()) {
                throw new IOException("[peer] revoked: " + file.get() + ":" + number
                        + " is not a SHA-256 fingerprint of 64 hex digits, as ringpull pki inspect prints it");
            }
        }
        return new Revocations(fingerprints);
    }

    private static String text(Path file) throws IOException {
        try {
            return Pem.text(file);
        } catch (IOException e) {
            throw new IOException("[peer] revoked: " + e.getMessage() + "; an empty file revokes nothing", e);
        }
    }

    boolean contains(X509Certificate certificate) {
        try {
            return !fingerprints.isEmpty()
                    && (fingerprints.contains(Fingerprint.ofCertificate(certificate))
                            || fingerprints.contains(Fingerprint.ofKey(certificate)));
        } catch (CertificateEncodingException e) {
            return true;
        }
    }
}
