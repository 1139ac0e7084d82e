package ringpull.blob;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The name of a blob and the root of all trust: {@code sha256:<64 lower-case hex digits>}.
 *
 * <p>Held as four longs, so that an inventory of millions costs no arrays. Other algorithms that OCI allows are not
 * digests here: {@link #parse} says so, and the mirror then lets the client go upstream.
 */
public final class Digest implements Comparable<Digest> {
    /** Bytes in a SHA-256 digest. */
    public static final int SIZE_BYTES = 32;

    private static final String PREFIX = "sha256:";
    private static final HexFormat HEX = HexFormat.of();

    private final long a;
    private final long b;
    private final long c;
    private final long d;

    private Digest(ByteBuffer bytes) {
        a = bytes.getLong();
        b = bytes.getLong();
        c = bytes.getLong();
        d = bytes.getLong();
    }

    /**
     * Parses {@code sha256:<64 lower-case hex>}.
     *
     * @throws IllegalArgumentException if the text is anything else
     */
    public static Digest parse(String text) {
        return tryParse(text)
                .orElseThrow(() -> new IllegalArgumentException(
                        "not a digest of the form sha256:<64 lower-case hex digits>: " + abbreviate(text)));
    }

    /** As {@link #parse}, but empty instead of an exception; for text that may also be a tag. */
    public static Optional<Digest> tryParse(String text) {
        if (text.length() != PREFIX.length() + 2 * SIZE_BYTES || !text.startsWith(PREFIX)) {
            return Optional.empty();
        }
        String hex = text.substring(PREFIX.length());
        if (!hex.equals(hex.toLowerCase(Locale.ROOT)) || !hex.chars().allMatch(HexFormat::isHexDigit)) {
            return Optional.empty();
        }
        return Optional.of(new Digest(ByteBuffer.wrap(HEX.parseHex(hex))));
    }

    /**
     * The digest made of these 32 bytes.
     *
     * @throws IllegalArgumentException if there are not exactly 32
     */
    public static Digest ofBytes(byte[] bytes) {
        if (bytes.length != SIZE_BYTES) {
            throw new IllegalArgumentException("a digest has 32 bytes, not " + bytes.length);
        }
        return new Digest(ByteBuffer.wrap(bytes));
    }

    /** Computes SHA-256 as the JDK does: for what is not worth {@link ringpull.hash}. */
    public static MessageDigest hasher() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** A new array with the 32 bytes. */
    public byte[] bytes() {
        return ByteBuffer.allocate(SIZE_BYTES)
                .putLong(a)
                .putLong(b)
                .putLong(c)
                .putLong(d)
                .array();
    }

    /** The 64 hex digits without the algorithm. */
    public String hex() {
        return HEX.formatHex(bytes());
    }

    /** The first 12 hex digits, for people. */
    public String brief() {
        return hex().substring(0, 12);
    }

    private static String abbreviate(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Digest o && a == o.a && b == o.b && c == o.c && d == o.d;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(a);
    }

    @Override
    public int compareTo(Digest o) {
        int order = Long.compareUnsigned(a, o.a);
        order = order != 0 ? order : Long.compareUnsigned(b, o.b);
        order = order != 0 ? order : Long.compareUnsigned(c, o.c);
        return order != 0 ? order : Long.compareUnsigned(d, o.d);
    }

    @Override
    public String toString() {
        return PREFIX + hex();
    }
}
