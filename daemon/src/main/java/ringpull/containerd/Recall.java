package ringpull.containerd;

import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import ringpull.blob.Digest;

/**
 * Takes back wrong bytes of one blob: throws away containerd's ingests of it that differ from a file which is hashed in the
 * same pass, so that nobody's word counts but the digest's. Needs root's rights. For any thread; one call at a time.
 */
public final class Recall {
    /** Ingests of one blob: a namespace has one at a time. */
    private static final int INGESTS_MAX = 64;

    private static final int STEP_BYTES = 256 << 10;

    private final Path socket;
    private final Path root;

    /**
     * @param socket containerd's
     * @param root containerd's root directory
     */
    public Recall(Path socket, Path root) {
        this.socket = socket;
        this.root = root;
    }

    /** The bytes of a file that may be the blob, from the first on. */
    public interface Bytes {
        /** Fills the buffer from its position on, as far as there are bytes at this offset; none: 0. */
        void read(ByteBuffer direct, long offset) throws IOException;
    }

    /** An ingest that is compared: no longer once it is known to differ, or all of it has been seen. */
    private static final class Compared {
        private final ContentClient.Ingest ingest;
        private final InputStream bytes;
        private boolean differs;
        private boolean seen;

        Compared(ContentClient.Ingest ingest, InputStream bytes) {
            this.ingest = ingest;
            this.bytes = bytes;
        }

        void next(byte[] right, int length) throws IOException {
            if (differs || seen) {
                return;
            }
            byte[] its = bytes.readNBytes(length);
            differs = !Arrays.equals(its, 0, its.length, right, 0, its.length);
            seen = its.length < length;
        }

        /** The blob has no more bytes. */
        void end() throws IOException {
            differs |= !seen && bytes.read() >= 0;
        }
    }

    /**
     * Compares, and throws away what differs.
     *
     * @return how many ingests are gone
     * @throws IllegalArgumentException if there are ingests of the blob, and the file is not the blob
     * @throws IOException with a sentence, if containerd or a file cannot be read
     */
    public synchronized int of(Digest digest, Bytes file) throws IOException {
        List<Compared> all = new ArrayList<>();
        try (ContentClient containerd = ContentClient.open(socket)) {
            open(containerd, digest, all);
            if (all.isEmpty()) {
                return 0;
            }
            if (!hashOf(file, all).equals(digest)) {
                throw new IllegalArgumentException("the file is not " + digest);
            }
            int gone = 0;
            for (Compared each : all) {
                if (each.differs && containerd.abort(each.ingest.namespace(), each.ingest.ref())) {
                    gone++;
                }
            }
            return gone;
        } finally {
            for (Compared each : all) {
                each.bytes.close();
            }
        }
    }

    private void open(ContentClient containerd, Digest digest, List<Compared> to) throws IOException {
        IngestFiles files = IngestFiles.under(root);
        for (String namespace : containerd.namespaces()) {
            for (ContentClient.Ingest ingest : containerd.ingests(namespace)) {
                Optional<Path> data = files.data(ingest);
                if (ingest.digest().equals(Optional.of(digest)) && data.isPresent() && to.size() < INGESTS_MAX) {
                    try {
                        to.add(new Compared(
                                ingest, new FileInputStream(data.get().toFile())));
                    } catch (FileNotFoundException e) {
                        // Just ended.
                    }
                }
            }
        }
    }

    private static Digest hashOf(Bytes file, List<Compared> all) throws IOException {
        MessageDigest hash = Digest.hasher();
        ByteBuffer step = ByteBuffer.allocateDirect(STEP_BYTES);
        byte[] right = new byte[STEP_BYTES];
        for (long offset = 0; ; offset += step.limit()) {
            file.read(step.clear(), offset);
            int length = step.flip().limit();
            if (length == 0) {
                break;
            }
            step.get(right, 0, length);
            hash.update(right, 0, length);
            for (Compared each : all) {
                each.next(right, length);
            }
        }
        for (Compared each : all) {
            each.end();
        }
        return Digest.ofBytes(hash.digest());
    }
}
