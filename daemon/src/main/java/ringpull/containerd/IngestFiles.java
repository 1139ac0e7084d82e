package ringpull.containerd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Where containerd keeps the bytes of ingests: {@code ingest/<hash>/data}, and beside it {@code ref}, which says
 * {@code <namespace>/<number>/<ref>}. Its API does not give them.
 */
final class IngestFiles {
    private static final String CONTENT = "io.containerd.content.v1.content";
    private static final int REF_BYTES_MAX = 4 << 10;

    /** More than any containerd has. */
    private static final int INGESTS_MAX = 100_000;

    private final Map<Name, Path> data = new HashMap<>();

    private record Name(String namespace, String ref) {}

    private IngestFiles() {}

    /**
     * Looks what there is.
     *
     * @param root containerd's root directory
     * @throws IOException with a sentence, if it may not be read
     */
    static IngestFiles under(Path root) throws IOException {
        IngestFiles files = new IngestFiles();
        Path ingests = root.resolve(CONTENT).resolve("ingest");
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(ingests)) {
            for (Path entry : entries) {
                if (files.data.size() < INGESTS_MAX) {
                    files.add(entry);
                }
            }
        } catch (AccessDeniedException e) {
            throw new IOException(ingests + " is for root only: run this as root", e);
        } catch (NoSuchFileException e) {
            if (!Files.isDirectory(root)) {
                throw new IOException("containerd's root " + root + " is not there, or for root only", e);
            }
        }
        return files;
    }

    private void add(Path entry) throws IOException {
        Path file = entry.resolve("ref");
        try {
            if (Files.size(file) > REF_BYTES_MAX) {
                return;
            }
            String[] words = Files.readString(file, StandardCharsets.UTF_8).split("/", 3);
            if (words.length == 3) {
                data.put(new Name(words[0], words[2]), entry.resolve("data"));
            }
        } catch (NoSuchFileException e) {
            // Just ended.
        }
    }

    Optional<Path> data(ContentClient.Ingest ingest) {
        return Optional.ofNullable(data.get(new Name(ingest.namespace(), ingest.ref())));
    }
}
