package ringpull.pki;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import ringpull.tls.Certificates;
import ringpull.tls.Fingerprint;
import ringpull.tls.PeerIdentity;
import ringpull.tls.Pem;

/**
 * What is in a PEM file of certificates, and whether a member can be run with it.
 *
 * @param key whether the key in this file is that of the first certificate; empty: no such file
 * @param chain whether the authorities in this file vouch for the first certificate; empty: no such file
 * @param problems sentences; empty if all is well
 */
public record CertificateReport(
        List<Entry> certificates, Optional<Check> key, Optional<Check> chain, List<String> problems) {
    public CertificateReport {
        certificates = List.copyOf(certificates);
        problems = List.copyOf(problems);
    }

    /**
     * One certificate.
     *
     * @param identity as which member it counts; empty for an authority
     * @param cluster the ring that it is for, if it names one
     * @param fingerprint SHA-256 of the certificate
     * @param keyFingerprint SHA-256 of its public key
     */
    public record Entry(
            String subject,
            String issuer,
            boolean authority,
            String identity,
            String cluster,
            String memberId,
            String fingerprint,
            String keyFingerprint,
            Instant from,
            Instant until) {}

    /** A file that was compared with the certificate. */
    public record Check(Path file, boolean good) {}

    /**
     * Reads the files.
     *
     * @throws IOException naming the one that cannot be read
     */
    public static CertificateReport of(Path file, Optional<Path> key, Optional<Path> ca, Instant now)
            throws IOException {
        List<X509Certificate> chain = Pem.certificates(file);
        X509Certificate first = chain.getFirst();
        List<String> problems = new ArrayList<>();
        List<Entry> entries = new ArrayList<>();
        for (X509Certificate certificate : chain) {
            entries.add(entry(certificate, problems));
            validity(certificate, now, problems);
        }
        if (!entries.getFirst().authority() && !Certificates.forBothDirections(first)) {
            problems.add("it is not for both directions: a member's certificate needs the usages client auth and server"
                    + " auth, or no extended key usage at all");
        }
        Optional<Check> keyCheck = Optional.empty();
        if (key.isPresent()) {
            boolean good = Certificates.matches(Pem.privateKey(key.get(), first.getPublicKey()), first);
            keyCheck = Optional.of(new Check(key.get(), good));
            if (!good) {
                problems.add(key.get() + " is not the key of the first certificate");
            }
        }
        Optional<Check> chainCheck = Optional.empty();
        if (ca.isPresent()) {
            boolean good = Certificates.vouchedFor(chain, Pem.certificates(ca.get()));
            chainCheck = Optional.of(new Check(ca.get(), good));
            if (!good) {
                problems.add("no authority in " + ca.get() + " vouches for the first certificate");
            }
        }
        return new CertificateReport(entries, keyCheck, chainCheck, problems);
    }

    /** A file that usually belongs to a certificate's, if it is there: {@code node.key} to {@code node.pem}. */
    public static Optional<Path> beside(Path certificate, String... names) {
        for (String name : names) {
            Path file = certificate.resolveSibling(name);
            if (Files.isRegularFile(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    private static Entry entry(X509Certificate certificate, List<String> problems) {
        boolean authority = certificate.getBasicConstraints() >= 0;
        Optional<PeerIdentity> identity = Optional.empty();
        if (!authority) {
            try {
                identity = Optional.of(PeerIdentity.of(certificate));
            } catch (CertificateException e) {
                problems.add("it is no member's: " + e.getMessage());
            }
        }
        return new Entry(
                certificate.getSubjectX500Principal().getName(),
                certificate.getIssuerX500Principal().getName(),
                authority,
                identity.map(PeerIdentity::text).orElse(""),
                identity.flatMap(PeerIdentity::cluster).orElse(""),
                identity.map(PeerIdentity::memberId).orElse(""),
                fingerprint(certificate),
                Fingerprint.ofKey(certificate),
                certificate.getNotBefore().toInstant(),
                certificate.getNotAfter().toInstant());
    }

    private static String fingerprint(X509Certificate certificate) {
        try {
            return Fingerprint.ofCertificate(certificate);
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException("what was read from an encoding has one", e);
        }
    }

    private static void validity(X509Certificate certificate, Instant now, List<String> problems) {
        String subject = certificate.getSubjectX500Principal().getName();
        Instant from = certificate.getNotBefore().toInstant();
        Instant until = certificate.getNotAfter().toInstant();
        if (now.isBefore(from)) {
            problems.add("that of " + subject + " is valid only from " + from);
        } else if (now.isAfter(until)) {
            problems.add("that of " + subject + " expired " + until);
        } else if (now.isAfter(Certificates.renewalDue(from, until))) {
            problems.add("that of " + subject + " expires " + until + ": renew it");
        }
    }
}
