package ringpull.swarm;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * What a member says that it read from an origin: the content of a {@link Statement}.
 *
 * @param epoch of the member's boot
 * @param sizeBytes of the whole blob
 * @param hashes the SHA-256 of each chunk of the run
 * @param endpoint the origin, for people
 * @param authentic whether the origin proved who it is; else bytes may have been changed on the way to the member
 */
public record Reading(
        MemberId reader, long epoch, long sizeBytes, Run run, List<Digest> hashes, String endpoint, boolean authentic) {
    /** What else a key may sign begins with other words. */
    private static final String DOMAIN = "ringpull/reading/1";

    public Reading {
        hashes = List.copyOf(hashes);
        if (hashes.size() != run.count()) {
            throw new IllegalArgumentException(hashes.size() + " hashes of a run of " + run.count());
        }
    }

    /** The hash of a chunk of the run. */
    public Digest hash(int chunk) {
        return hashes.get(chunk - run.first());
    }

    /**
     * What is signed: one form for each content, whichever way it travels. Numbers are big-endian, texts have their lengths
     * before them.
     *
     * @param cluster the name of the ring
     */
    public byte[] bytes(String cluster, Digest digest) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            text(out, DOMAIN);
            text(out, cluster);
            out.write(HexFormat.of().parseHex(reader.hex()));
            out.writeLong(epoch);
            out.write(digest.bytes());
            out.writeLong(sizeBytes);
            out.writeInt(Chunk.SIZE_BYTES);
            out.writeInt(run.first());
            out.writeInt(run.count());
            for (Digest hash : hashes) {
                out.write(hash.bytes());
            }
            text(out, endpoint);
            out.writeBoolean(authentic);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void text(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }
}
