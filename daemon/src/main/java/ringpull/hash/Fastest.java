package ringpull.hash;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks once for libringpull. */
final class Fastest {
    private static final Logger log = LoggerFactory.getLogger(Fastest.class);

    static final Sha256 INSTANCE = find();

    private Fastest() {}

    private static Sha256 find() {
        try {
            return NativeSha256.load();
        } catch (NativeSha256.Unavailable e) {
            log.warn("SHA-256 runs in Java, several times slower: {}", e.getMessage());
            return new JavaSha256();
        }
    }
}
