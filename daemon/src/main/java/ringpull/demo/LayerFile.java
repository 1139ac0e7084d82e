package ringpull.demo;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.SplittableRandom;
import ringpull.blob.Digest;
import ringpull.demo.SampleImage.Compression;

/**
 * One layer on disk: a tar archive with one file of pseudo-random bytes, sized so that the blob has the length asked for.
 *
 * @param digest of the blob, as it is stored and sent
 * @param diffId digest of the archive inside, which containerd checks when it unpacks
 */
record LayerFile(Digest digest, Digest diffId, long bytes) {
    private static final int RECORD = 512;
    private static final int END_OF_ARCHIVE = 2 * RECORD;
    private static final int BUFFER = 64 << 10;

    /** Largest file that the size field of a ustar header can tell. */
    private static final long MAX_FILE = 077777777777L;

    /**
     * Writes the layer. A blob too short for an archive with a file holds an empty one, and is as short as its format
     * can be: 10 bytes with zstd, 23 with gzip, 1024 without compression.
     */
    static LayerFile write(Path file, SampleImage.Layer layer, String name, long seed) throws IOException {
        Compression compression = layer.compression();
        long archive = archiveBytes(layer.bytes(), compression);
        MessageDigest blob = sha256();
        MessageDigest inside = sha256();
        try (OutputStream disk = new BufferedOutputStream(Files.newOutputStream(file), BUFFER);
                OutputStream tar = new DigestOutputStream(
                        new StoredBlocks(new DigestOutputStream(disk, blob), compression), inside)) {
            long body = archive / RECORD * RECORD - RECORD - END_OF_ARCHIVE;
            if (body >= 0) {
                tar.write(header(name, body));
                random(tar, body, seed);
                zeros(tar, archive - RECORD - body);
            } else {
                zeros(tar, archive);
            }
        }
        return new LayerFile(
                Digest.ofBytes(blob.digest()),
                Digest.ofBytes(inside.digest()),
                StoredBlocks.lengthOf(archive, compression));
    }

    private static long archiveBytes(long blobBytes, Compression compression) {
        long archive = blobBytes;
        while (archive > 0 && StoredBlocks.lengthOf(archive, compression) > blobBytes) {
            archive -= StoredBlocks.lengthOf(archive, compression) - blobBytes;
        }
        if (archive < RECORD + END_OF_ARCHIVE) {
            return compression == Compression.NONE ? END_OF_ARCHIVE : 0;
        }
        return archive;
    }

    private static byte[] header(String name, long size) {
        if (size > MAX_FILE) {
            throw new IllegalArgumentException("a layer's file has at most " + MAX_FILE + " bytes, not " + size);
        }
        byte[] header = new byte[RECORD];
        put(header, 0, name);
        put(header, 100, "0000644\0");
        put(header, 108, "0000000\0");
        put(header, 116, "0000000\0");
        put(header, 124, "%011o\0".formatted(size));
        put(header, 136, "00000000000\0");
        put(header, 148, "        ");
        put(header, 156, "0");
        put(header, 257, "ustar\00000");
        int sum = 0;
        for (byte value : header) {
            sum += value & 0xff;
        }
        put(header, 148, "%06o\0 ".formatted(sum));
        return header;
    }

    private static void put(byte[] header, int offset, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, offset, bytes.length);
    }

    private static void random(OutputStream out, long count, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] buffer = new byte[BUFFER];
        for (long left = count; left > 0; left -= BUFFER) {
            random.nextBytes(buffer);
            out.write(buffer, 0, (int) Math.min(left, BUFFER));
        }
    }

    private static void zeros(OutputStream out, long count) throws IOException {
        byte[] buffer = new byte[(int) Math.min(count, BUFFER)];
        Arrays.fill(buffer, (byte) 0);
        for (long left = count; left > 0; left -= buffer.length) {
            out.write(buffer, 0, (int) Math.min(left, buffer.length));
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
