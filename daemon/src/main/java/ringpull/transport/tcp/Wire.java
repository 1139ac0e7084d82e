package ringpull.transport.tcp;

import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.session.Session;

/**
 * The data protocol, version 1: {@code GET /v1/blobs/sha256:<hex>} with one {@code Range: bytes=a-b}, answered by 206 with
 * just these bytes, or 404 if the blob is not held, 416 if the range is not inside it, 400 for anything else. A later
 * version has another first path element, to which this one answers 400.
 *
 * <p>Who may ask is settled by mutual TLS, or, on a plain-text port of a ring with certificates, by a {@link Session} that the
 * holder made for the reader over the control channel. A connection then begins with {@code GET /v1/hello} and
 * {@code Ringpull-Session: <id>}, answered by 200 and {@code Ringpull-Nonce: <32 hex digits>}, the holder's for this connection.
 * Each request after that carries {@code Authorization: Ringpull <64 hex digits>}: HMAC-SHA-256 with the session's secret over
 * {@code "ringpull tcp 1 GET "}, the nonce, how many requests came before on this connection, the range's offset and length (8
 * bytes each, big-endian) and the digest's 32 bytes. Both ends count, so a request counts once, in its place, on its
 * connection. Anything else, and every request once the session is over, is answered by 401, whatever is held, and the
 * connection ends. Answers carry no proof: the digest proves the bytes.
 */
final class Wire {
    /** The longest request or status line. */
    static final int LINE_BYTES_MAX = 512;

    /** All header lines of a message together. */
    static final int HEADERS_BYTES_MAX = 4096;

    /** The longest text that explains a refusal. */
    static final int TEXT_BYTES_MAX = 512;

    /** The first request on a connection that needs a session. */
    static final String HELLO = "/v1/hello";

    /** The greeting's header that names the session. */
    static final String SESSION = "Ringpull-Session";

    /** The header of the greeting's answer. */
    static final String NONCE = "Ringpull-Nonce";

    /** What the Authorization header begins with. */
    static final String PROOF_SCHEME = "Ringpull ";

    private static final String BLOBS = "/v1/blobs/";

    // 13 digits write every offset inside the largest blob, and never overflow.
    private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{1,13})-([0-9]{1,13})");

    private static final Pattern NONCE_DIGITS = Pattern.compile("[0-9a-f]{" + 2 * RequestMac.NONCE_BYTES + "}");

    private Wire() {}

    static String path(Digest blob) {
        return BLOBS + blob;
    }

    /** The blob that a path names, if it is one of this version. */
    static Optional<Digest> blob(String path) {
        return path.startsWith(BLOBS) ? Digest.tryParse(path.substring(BLOBS.length())) : Optional.empty();
    }

    /** The Host header for a holder. */
    static String host(InetSocketAddress holder) {
        String address = holder.getHostString();
        return (address.indexOf(':') >= 0 ? "[" + address.replaceFirst("%.*", "") + "]" : address) + ":"
                + holder.getPort();
    }

    /** The nonce that answered a greeting, if it is one. */
    static Optional<byte[]> parseNonce(String header) {
        return NONCE_DIGITS.matcher(header).matches()
                ? Optional.of(HexFormat.of().parseHex(header))
                : Optional.empty();
    }

    /** A Range header's value. The range is not empty. */
    static String range(ByteRange range) {
        return "bytes=" + range.offset() + "-" + (range.end() - 1);
    }

    /** The one range of a Range header, if that is what it is. */
    static Optional<ByteRange> parseRange(String header) {
        Matcher match = RANGE.matcher(header);
        if (!match.matches()) {
            return Optional.empty();
        }
        long first = Long.parseLong(match.group(1));
        long last = Long.parseLong(match.group(2));
        return first <= last ? Optional.of(new ByteRange(first, last - first + 1)) : Optional.empty();
    }

    /** A Content-Range header's value for these bytes of a blob of this size. */
    static String contentRange(ByteRange range, long sizeBytes) {
        return "bytes " + range.offset() + "-" + (range.end() - 1) + "/" + sizeBytes;
    }

    /** Whether a Content-Range header's value is about exactly this range. */
    static boolean isContentRange(String header, ByteRange range) {
        return header.startsWith("bytes " + range.offset() + "-" + (range.end() - 1) + "/");
    }
}
