package ringpull.tls;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Tells in time that a certificate expires. */
final class Expiry {
    private Expiry() {}

    static Optional<String> problem(CertificateSet set, Path file, Instant now) {
        Instant until = set.validUntil();
        Instant from = set.leaf().getNotBefore().toInstant();
        if (now.isBefore(from)) {
            return Optional.of("the certificate " + file + " is valid only from " + from
                    + ", and this node's clock says " + now + ": until then members refuse it; is the clock right?");
        }
        if (now.isAfter(until)) {
            return Optional.of("the certificate " + file + " expired " + until
                    + ": members refuse every new connection with this node, and blobs come from the registry alone;"
                    + " put a new one in its place, it is taken without a restart");
        }
        return now.isAfter(Certificates.renewalDue(from, until))
                ? Optional.of(
                        "the certificate " + file + " expires " + until + ", in " + left(Duration.between(now, until))
                                + ": renew it; a new one in its place is taken without a restart")
                : Optional.empty();
    }

    private static String left(Duration left) {
        return left.toDays() >= 2
                ? left.toDays() + " days"
                : left.toHours() >= 2 ? left.toHours() + " hours" : left.toMinutes() + " minutes";
    }
}
