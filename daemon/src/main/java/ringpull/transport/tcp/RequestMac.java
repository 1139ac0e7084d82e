package ringpull.transport.tcp;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.session.Session;

/** The proofs of one connection's requests, in their order; the same on both ends. Not safe for many threads. */
final class RequestMac {
    static final int NONCE_BYTES = 16;

    /** Says what is proven, so that the secret can serve other transports. */
    private static final byte[] PURPOSE = "ringpull tcp 1 GET ".getBytes(StandardCharsets.US_ASCII);

    private final Mac mac;
    private final ByteBuffer input;
    private long counter;

    /** @param nonce the holder's, for this connection */
    RequestMac(SecretKey secret, byte[] nonce) {
        try {
            mac = Mac.getInstance(Session.ALGORITHM);
            mac.init(secret);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + Session.ALGORITHM, e);
        }
        input = ByteBuffer.allocate(PURPOSE.length + NONCE_BYTES + 3 * Long.BYTES + Digest.SIZE_BYTES);
        input.put(PURPOSE).put(nonce);
    }

    /** The next request's proof, in hex digits. */
    String next(Digest blob, ByteRange range) {
        input.position(PURPOSE.length + NONCE_BYTES);
        input.putLong(counter++).putLong(range.offset()).putLong(range.length()).put(blob.bytes());
        return HexFormat.of().formatHex(mac.doFinal(input.array()));
    }
}
