package ringpull.containerd;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import ringpull.blob.Digest;

/**
 * Finds ingests of containerd's that can never become the blob which they are named after, and throws them away. Whole ones
 * are hashed; the bytes of others are compared with those that the daemon proves.
 */
public final class Repair {
    private static final int STEP_BYTES = 256 << 10;

    private final ContentClient containerd;
    private final Path root;
    private final URI mirror;

    /** What an ingest turned out to be. */
    public enum Finding {
        /** So far it is what it should be. */
        SOUND,
        /** It holds bytes that are not the blob's: every pull that goes on with it fails. */
        POISONED,
        /** There was nothing to compare it with. */
        NOT_COMPARED
    }

    /**
     * One ingest.
     *
     * @param aborted whether it was thrown away
     * @param detail where it differs, or why it was not compared
     */
    public record Result(ContentClient.Ingest ingest, Finding finding, boolean aborted, String detail) {}

    /**
     * @param root containerd's root directory
     * @param mirror of the daemon on this node
     */
    public Repair(ContentClient containerd, Path root, URI mirror) {
        this.containerd = containerd;
        this.root = root;
        this.mirror = mirror;
    }

    /**
     * Looks at the ingests of all namespaces.
     *
     * @param dryRun throws none away
     * @throws IOException with a sentence, if containerd or its files cannot be read
     */
    public List<Result> run(boolean dryRun) throws IOException, InterruptedException {
        List<Result> results = new ArrayList<>();
        IngestFiles files = IngestFiles.under(root);
        try (RightBytes right = new RightBytes(mirror)) {
            for (String namespace : containerd.namespaces()) {
                for (ContentClient.Ingest ingest : containerd.ingests(namespace)) {
                    Result result = look(ingest, files, right);
                    boolean abort = result.finding == Finding.POISONED && !dryRun;
                    boolean aborted = abort && containerd.abort(namespace, ingest.ref());
                    results.add(new Result(ingest, result.finding, aborted, result.detail));
                }
            }
        }
        return results;
    }

    private static Result look(ContentClient.Ingest ingest, IngestFiles files, RightBytes right)
            throws IOException, InterruptedException {
        if (ingest.digest().isEmpty()) {
            return result(ingest, Finding.NOT_COMPARED, "it is not named after a digest: no pull goes on with it");
        }
        Digest digest = ingest.digest().get();
        Optional<Path> data = files.data(ingest);
        if (data.isEmpty()) {
            return result(ingest, Finding.NOT_COMPARED, "its file is not under containerd's root: see --root");
        }
        try {
            long size = Files.size(data.get());
            if (size == 0) {
                return result(ingest, Finding.SOUND, "");
            }
            return ingest.total() > 0 && size >= ingest.total()
                    ? whole(ingest, data.get(), digest)
                    : part(ingest, data.get(), size, digest, right);
        } catch (NoSuchFileException e) {
            return result(ingest, Finding.SOUND, "it has just ended");
        } catch (RightBytes.NotToBeHad e) {
            return result(ingest, Finding.NOT_COMPARED, String.valueOf(e.getMessage()));
        }
    }

    private static Result result(ContentClient.Ingest ingest, Finding finding, String detail) {
        return new Result(ingest, finding, false, detail);
    }

    private static Result whole(ContentClient.Ingest ingest, Path data, Digest digest) throws IOException {
        MessageDigest hash = Digest.hasher();
        byte[] step = new byte[STEP_BYTES];
        try (InputStream in = Files.newInputStream(data)) {
            for (int length = in.read(step); length >= 0; length = in.read(step)) {
                hash.update(step, 0, length);
            }
        }
        Digest is = Digest.ofBytes(hash.digest());
        return is.equals(digest)
                ? result(ingest, Finding.SOUND, "")
                : result(ingest, Finding.POISONED, "all of it is there, and it is " + is);
    }

    private static Result part(ContentClient.Ingest ingest, Path data, long size, Digest digest, RightBytes right)
            throws IOException, InterruptedException {
        try (InputStream is = Files.newInputStream(data);
                InputStream should = right.first(digest, size)) {
            long offset = 0;
            while (offset < size) {
                int length = (int) Math.min(STEP_BYTES, size - offset);
                byte[] a = is.readNBytes(length);
                byte[] b = should.readNBytes(length);
                int differs = Arrays.mismatch(a, b);
                if (differs >= 0 && differs < b.length) {
                    return result(ingest, Finding.POISONED, "byte " + (offset + differs) + " is not the blob's");
                }
                if (b.length < length) {
                    return result(
                            ingest,
                            Finding.NOT_COMPARED,
                            "the daemon sent only " + (offset + b.length) + " bytes of it");
                }
                offset += length;
            }
        }
        return result(ingest, Finding.SOUND, "");
    }
}
