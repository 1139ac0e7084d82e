package ringpull.mirror;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Random;
import ringpull.blob.Digest;

/** Bytes of a blob, and their digest. */
final class Content {
    static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";

    private final byte[] bytes;
    private final Digest digest;

    private Content(byte[] bytes, Digest digest) {
        this.bytes = bytes;
        this.digest = digest;
    }

    static Content of(byte[] bytes) {
        try {
            return new Content(
                    bytes, Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static Content random(long seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return of(bytes);
    }

    static Content manifest(String fields) {
        return of(("{\"schemaVersion\":2" + fields + "}").getBytes(StandardCharsets.UTF_8));
    }

    /** The array itself. */
    byte[] bytes() {
        return bytes;
    }

    Digest digest() {
        return digest;
    }

    byte[] slice(int from, int to) {
        return Arrays.copyOfRange(bytes, from, to);
    }
}
