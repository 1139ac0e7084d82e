package ringpull.store.memory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import ringpull.config.Config;
import ringpull.store.FileBlobStore;

/** A store whose files lie in a temporary directory and go when it closes; its index is never written down. */
public final class MemoryBlobStore extends FileBlobStore {
    private final Path directory;

    private MemoryBlobStore(Path directory, Config.Store limits, InstantSource clock) throws IOException {
        super(directory, new ForgetfulIndex(), limits, clock, BARRIER_BYTES);
        this.directory = directory;
    }

    /** An empty store with these limits. */
    public static MemoryBlobStore create(Config.Store limits, InstantSource clock) {
        try {
            MemoryBlobStore store = new MemoryBlobStore(Files.createTempDirectory("ringpull-store-"), limits, clock);
            store.start();
            return store;
        } catch (IOException e) {
            throw new UncheckedIOException("the temporary directory does not hold a store", e);
        }
    }

    /** An empty store that may fill the file system. */
    public static MemoryBlobStore create() {
        Config.Store unlimited = new Config.Store(new Config.Room.Share(1), new Config.Room.Bytes(0));
        return create(unlimited, InstantSource.system());
    }

    @Override
    public void close() {
        super.close();
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            List<Path> leavesFirst = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path path : leavesFirst) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the temporary directory " + directory + " stays behind", e);
        }
    }
}
