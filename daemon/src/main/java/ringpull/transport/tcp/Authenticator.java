package ringpull.transport.tcp;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/** Whether the requests of one connection to a plain-text port are a member's; used on the connection's event loop. */
final class Authenticator {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Sessions sessions;
    private String session = "";
    private @Nullable RequestMac mac;
    private boolean proven;

    Authenticator(Sessions sessions) {
        this.sessions = sessions;
    }

    /** Whether a request of a member has come on this connection. */
    boolean isProven() {
        return proven;
    }

    /** The nonce that answers a greeting; nothing if it names no session of ours, or is the second on its connection. */
    Optional<String> greet(HttpRequest greeting) {
        String id = greeting.headers().get(Wire.SESSION, "");
        Optional<Session> found =
                mac == null && greeting.method().equals(HttpMethod.GET) ? sessions.find(id) : Optional.empty();
        if (found.isEmpty()) {
            return Optional.empty();
        }
        byte[] nonce = new byte[RequestMac.NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        session = id;
        mac = new RequestMac(found.get().secret(), nonce);
        return Optional.of(HexFormat.of().formatHex(nonce));
    }

    /** Whether this request is the next of a member that has a session. After a false the connection must end. */
    boolean admits(HttpRequest request, Optional<Digest> blob, Optional<ByteRange> range) {
        RequestMac expected = mac;
        if (expected == null
                || blob.isEmpty()
                || range.isEmpty()
                || !request.method().equals(HttpMethod.GET)
                || sessions.find(session).isEmpty()) {
            return false;
        }
        byte[] right = bytes(Wire.PROOF_SCHEME + expected.next(blob.get(), range.get()));
        proven = MessageDigest.isEqual(right, bytes(request.headers().get(HttpHeaderNames.AUTHORIZATION, "")));
        return proven;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
