package ringpull.store.memory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.config.Config;
import ringpull.store.FileBlobStore;

/** A store whose files lie in a temporary directory and go when it closes; its index is never written down. */
public final class MemoryBlobStore extends FileBlobStore {
    private static final Logger log = LoggerFactory.getLogger(MemoryBlobStore.class);

    /** Behind it stands the process that owns the directory. */
    private static final String PREFIX = "ringpull-store-";

    private static final Pattern NAME = Pattern.compile(PREFIX + "([0-9]{1,10})-.*");

    private final Path directory;

    private MemoryBlobStore(Path directory, Config.Store limits, InstantSource clock) throws IOException {
        super(directory, new ForgetfulIndex(), limits, clock, BARRIER_BYTES);
        this.directory = directory;
    }

    /** An empty store with these limits. */
    public static MemoryBlobStore create(Config.Store limits, InstantSource clock) {
        try {
            Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
            removeOrphans(temporary);
            String prefix = PREFIX + ProcessHandle.current().pid() + "-";
            MemoryBlobStore store = new MemoryBlobStore(Files.createTempDirectory(temporary, prefix), limits, clock);
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

    /** Removes what stores of processes left that were killed. */
    static void removeOrphans(Path temporary) throws IOException {
        try (DirectoryStream<Path> candidates = Files.newDirectoryStream(temporary, PREFIX + "*")) {
            for (Path candidate : candidates) {
                Matcher name = NAME.matcher(candidate.getFileName().toString());
                boolean orphaned = name.matches()
                        && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty();
                if (orphaned && Files.isDirectory(candidate, LinkOption.NOFOLLOW_LINKS)) {
                    removeIfAllowed(candidate);
                }
            }
        }
    }

    private static void removeIfAllowed(Path orphan) {
        try {
            remove(orphan);
        } catch (IOException | UncheckedIOException e) {
            log.debug("{} stays: it is another user's, or another process removes it: {}", orphan, e.toString());
        }
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            List<Path> leavesFirst = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path path : leavesFirst) {
                Files.deleteIfExists(path);
            }
        }
    }

    @Override
    public void close() {
        super.close();
        if (!Files.exists(directory)) {
            return;
        }
        try {
            remove(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("the temporary directory " + directory + " stays behind", e);
        }
    }
}
