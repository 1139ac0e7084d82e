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
        SplittableRandom random = new SplittableRandom(seed);
        byte[] step = new byte[STEP_BYTES];
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), sha256)) {
                for (long left = bytes; left > 0; left -= step.length) {
                    random.nextBytes(step);
                    out.write(step, 0, (int) Math.min(step.length, left));
                }
            }
            String hex = HexFormat.of().formatHex(sha256.digest());
            Path named = www.resolve(PATH + hex);
            Files.createDirectories(named.resolveSibling("."));
            Files.move(file, named);
            return hex;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
