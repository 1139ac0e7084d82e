package ringpull.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SplittableRandom;
import ringpull.blob.Digest;

/** Bytes that nothing can compress, in a file under their digest. */
final class RandomBlob {
    /** Where a server has a blob as a registry would; its hex digits follow. */
    static final String PATH = "v2/bench/blob/blobs/sha256:";

    private static final int STEP_BYTES = 1 << 20;

    private RandomBlob() {}

    /**
     * Writes a blob for a server of this directory, under {@link #PATH}.
     *
     * @return the hex digits of its digest
     */
    static String write(Path www, long seed, long bytes) throws IOException {
        Path file = www.resolve("new-" + seed);
        String hex = HexFormat.of().formatHex(fill(file, seed, bytes).bytes());
        Path named = www.resolve(PATH + hex);
        Files.createDirectories(named.resolveSibling("."));
        Files.move(file, named);
        return hex;
    }

    /** Writes them into this file. */
    static Digest fill(Path file, long seed, long bytes) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] step = new byte[STEP_BYTES];
        MessageDigest sha256 = sha256();
        try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), sha256)) {
            for (long left = bytes; left > 0; left -= step.length) {
                random.nextBytes(step);
                out.write(step, 0, (int) Math.min(step.length, left));
            }
        }
        return Digest.ofBytes(sha256.digest());
    }

    /** What a copy of them is. */
    static Digest digest(Path file) throws IOException {
        MessageDigest sha256 = sha256();
        try (OutputStream out = new DigestOutputStream(OutputStream.nullOutputStream(), sha256)) {
            Files.copy(file, out);
        }
        return Digest.ofBytes(sha256.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
