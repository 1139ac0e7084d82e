package ringpull.tls;

import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Certificates of others that were refused: all are counted, each is told once. For any thread. */
final class Refusals {
    /** Past so many, refusals are only counted: whoever makes certificates at will must not fill the log. */
    static final int TOLD_MAX = 256;

    private static final Logger log = LoggerFactory.getLogger(Refusals.class);
    private static final int NAME_CHARS = 200;

    private final LongAdder count = new LongAdder();
    private final Set<String> told = ConcurrentHashMap.newKeySet();

    void add(X509Certificate certificate, String why) {
        count.increment();
        try {
            String fingerprint = Fingerprint.ofCertificate(certificate);
            if (told.size() < TOLD_MAX && told.add(fingerprint)) {
                log.warn(
                        "refused the certificate of {} (sha256:{}): {}",
                        tame(certificate.getSubjectX500Principal().getName()),
                        fingerprint,
                        tame(why));
            }
        } catch (CertificateEncodingException e) {
            log.debug("refused a certificate that cannot be written: {}", e.toString());
        }
    }

    long count() {
        return count.sum();
    }

    /** Foreign text without control characters, and short. */
    private static String tame(String text) {
        String clean = text.replaceAll("\\p{Cntrl}", "?");
        return clean.length() <= NAME_CHARS ? clean : clean.substring(0, NAME_CHARS) + "…";
    }
}
