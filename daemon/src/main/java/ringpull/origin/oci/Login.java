package ringpull.origin.oci;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** What we know to log in with; never printed. */
sealed interface Login {
    record Password(String username, String password) implements Login {
        /** The value of an Authorization header. */
        String basic() {
            byte[] pair = (username + ":" + password).getBytes(StandardCharsets.UTF_8);
            return "Basic " + Base64.getEncoder().encodeToString(pair);
        }

        @Override
        public String toString() {
            return "Password[…]";
        }
    }

    /** A refresh token, as {@code docker login} leaves it. */
    record IdentityToken(String token) implements Login {
        @Override
        public String toString() {
            return "IdentityToken[…]";
        }
    }
}
