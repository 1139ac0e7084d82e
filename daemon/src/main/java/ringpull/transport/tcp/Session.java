package ringpull.transport.tcp;

import java.time.Duration;
import java.util.HexFormat;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * What lets one member read from another's plain-text data port; {@link Wire} says how. Its text form has no secret.
 *
 * @param id names it, in hex digits; not secret
 * @param secret known to these two alone
 * @param lifetime from when it was made
 */
public record Session(String id, SecretKey secret, Duration lifetime) {
    static final int ID_BYTES = 16;
    static final int SECRET_BYTES = 32;

    /** Longer than any holder gives; what claims more is not believed. */
    private static final Duration LIFETIME_MAX = Duration.ofDays(1);

    /**
     * As it came from the other member.
     *
     * @throws IllegalArgumentException if a part is not of its length, or the lifetime is none
     */
    public static Session of(byte[] id, byte[] secret, Duration lifetime) {
        if (id.length != ID_BYTES
                || secret.length != SECRET_BYTES
                || !lifetime.isPositive()
                || lifetime.compareTo(LIFETIME_MAX) > 0) {
            throw new IllegalArgumentException(
                    "a session of " + id.length + " and " + secret.length + " bytes for " + lifetime + " is none");
        }
        return new Session(HexFormat.of().formatHex(id), new SecretKeySpec(secret, RequestMac.ALGORITHM), lifetime);
    }

    @Override
    public String toString() {
        return "session " + id;
    }
}
