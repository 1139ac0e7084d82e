package ringpull.transport.rdma;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.session.Session;

/**
 * How the two ends know each other, version 1, by the secret of their session. The reader's connection request carries
 * {@code "RPr1"}, the session's id (16 bytes), a nonce (12) and 24 bytes of HMAC-SHA-256 over {@code "ringpull rdma 1 knock "} and
 * the nonce: 56 bytes, all that a request over InfiniBand or RoCE has room for. The holder's acceptance carries {@code "RPr1"}, its
 * nonce (16) and 24 bytes of HMAC over {@code "ringpull rdma 1 welcome "}, the reader's nonce and its own. Each range that is asked
 * for then carries an HMAC over {@code "ringpull rdma 1 ask "}, the holder's nonce, how many were asked for before on this
 * connection, offset, length and digest: a request that was overheard is worth nothing on another connection. A rejection
 * carries {@code "RPr1"} and a byte that says why.
 */
final class Handshake {
    static final int KNOCK_BYTES = 56;
    static final int WELCOME_BYTES = 44;

    private static final byte[] MAGIC = "RPr1".getBytes(StandardCharsets.US_ASCII);
    private static final int NONCE_BYTES = 12;
    private static final int HOLDER_NONCE_BYTES = 16;
    private static final int MAC_BYTES = 24;
    private static final SecureRandom RANDOM = new SecureRandom();

    private Handshake() {}

    /** Why a connection is not accepted. */
    enum Rejection {
        /** No such request, session or proof; or another version. */
        UNKNOWN(0),
        /** Too many are served already. */
        BUSY(1);

        private final int code;

        Rejection(int code) {
            this.code = code;
        }
    }

    /** The reader's side: a request, and whether its answer is the holder's. */
    static final class Knock {
        private final Session session;
        private final byte[] nonce = random(NONCE_BYTES);

        Knock(Session session) {
            this.session = session;
        }

        byte[] data() {
            return ByteBuffer.allocate(KNOCK_BYTES)
                    .put(MAGIC)
                    .put(HexFormat.of().parseHex(session.id()))
                    .put(nonce)
                    .put(mac(session.secret(), "knock", nonce), 0, MAC_BYTES)
                    .array();
        }

        /** The proofs for this connection's ranges; nothing if whoever accepted does not know the secret. */
        Optional<Proofs> welcomed(byte[] data) {
            if (data.length < WELCOME_BYTES || !startsWithMagic(data)) {
                return Optional.empty();
            }
            byte[] theirs = Arrays.copyOfRange(data, MAGIC.length, MAGIC.length + HOLDER_NONCE_BYTES);
            byte[] proof = Arrays.copyOfRange(data, MAGIC.length + HOLDER_NONCE_BYTES, WELCOME_BYTES);
            byte[] right = Arrays.copyOf(mac(session.secret(), "welcome", nonce, theirs), MAC_BYTES);
            return MessageDigest.isEqual(right, proof)
                    ? Optional.of(new Proofs(session.secret(), theirs))
                    : Optional.empty();
        }
    }

    /** A request that arrived; which session it names is to be looked up before it is believed. */
    @SuppressWarnings("ArrayRecordComponent") // compared nowhere
    record Visitor(String sessionId, byte[] nonce, byte[] proof) {
        /** What a request's private data say; nothing if they are none of this version. */
        static Optional<Visitor> of(byte[] data) {
            if (data.length < KNOCK_BYTES || !startsWithMagic(data)) {
                return Optional.empty();
            }
            int nonceAt = MAGIC.length + Session.ID_BYTES;
            return Optional.of(new Visitor(
                    HexFormat.of().formatHex(data, MAGIC.length, nonceAt),
                    Arrays.copyOfRange(data, nonceAt, nonceAt + NONCE_BYTES),
                    Arrays.copyOfRange(data, nonceAt + NONCE_BYTES, KNOCK_BYTES)));
        }

        /** Whether it comes from whom the session was made for. */
        boolean proves(Session session) {
            return MessageDigest.isEqual(Arrays.copyOf(mac(session.secret(), "knock", nonce), MAC_BYTES), proof);
        }
    }

    /** The holder's side of one accepted connection. */
    static final class Welcome {
        private final byte[] nonce = random(HOLDER_NONCE_BYTES);
        private final Session session;
        private final Visitor visitor;

        Welcome(Session session, Visitor visitor) {
            this.session = session;
            this.visitor = visitor;
        }

        byte[] data() {
            return ByteBuffer.allocate(WELCOME_BYTES)
                    .put(MAGIC)
                    .put(nonce)
                    .put(mac(session.secret(), "welcome", visitor.nonce, nonce), 0, MAC_BYTES)
                    .array();
        }

        Proofs proofs() {
            return new Proofs(session.secret(), nonce);
        }
    }

    /** The proofs of one connection's ranges in their order; the same on both ends. Not safe for many threads. */
    static final class Proofs {
        private final SecretKey secret;
        private final byte[] nonce;
        private long counter;

        private Proofs(SecretKey secret, byte[] nonce) {
            this.secret = secret;
            this.nonce = nonce;
        }

        byte[] next(Digest blob, ByteRange range) {
            ByteBuffer numbers = ByteBuffer.allocate(3 * Long.BYTES);
            numbers.putLong(counter++).putLong(range.offset()).putLong(range.length());
            return mac(secret, "ask", nonce, numbers.array(), blob.bytes());
        }
    }

    @SuppressWarnings("EnumOrdinal") // what the wire says
    static byte[] rejection(Rejection why) {
        return ByteBuffer.allocate(MAGIC.length + 1)
                .put(MAGIC)
                .put((byte) why.code)
                .array();
    }

    /** What a rejection's private data say; nothing if nobody of this version listens there. */
    static Optional<Rejection> rejectedFor(byte[] data) {
        if (data.length <= MAGIC.length || !startsWithMagic(data)) {
            return Optional.empty();
        }
        return Arrays.stream(Rejection.values())
                .filter(why -> why.code == data[MAGIC.length])
                .findFirst();
    }

    private static boolean startsWithMagic(byte[] data) {
        return Arrays.equals(data, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    private static byte[] random(int bytes) {
        byte[] random = new byte[bytes];
        RANDOM.nextBytes(random);
        return random;
    }

    private static byte[] mac(SecretKey secret, String purpose, byte[]... parts) {
        try {
            Mac mac = Mac.getInstance(Session.ALGORITHM);
            mac.init(secret);
            mac.update(("ringpull rdma 1 " + purpose + " ").getBytes(StandardCharsets.US_ASCII));
            for (byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + Session.ALGORITHM, e);
        }
    }
}
