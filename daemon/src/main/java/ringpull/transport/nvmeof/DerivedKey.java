package ringpull.transport.nvmeof;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import ringpull.helper.Request;

/** The key with which a reader proves itself to a holder's kernel: made from the secret that these two share. */
final class DerivedKey {
    private static final String ALGORITHM = "HmacSHA256";

    /** Says what for, so that the secret can serve other transports. */
    private static final byte[] PURPOSE = "ringpull nvmeof 1 DH-HMAC-CHAP".getBytes(StandardCharsets.US_ASCII);

    private DerivedKey() {}

    static Request.Key of(SecretKey secret) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(secret);
            return Request.Key.of(mac.doFinal(PURPOSE));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + ALGORITHM, e);
        }
    }
}
