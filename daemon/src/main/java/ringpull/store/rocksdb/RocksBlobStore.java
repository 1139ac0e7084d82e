package ringpull.store.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.config.Config;
import ringpull.store.FileBlobStore;

/**
 * The durable store of a daemon: files under its state directory, their index in RocksDB beside them.
 *
 * <p>An index that is damaged as a whole is set aside as {@code index.damaged}, and the store begins empty: nothing
 * says any more which files were proven, so they are removed and fetched again when asked for. A single damaged record
 * costs its blob only.
 */
public final class RocksBlobStore extends FileBlobStore {
    private static final Logger log = LoggerFactory.getLogger(RocksBlobStore.class);

    private RocksBlobStore(
            Path stateDirectory, RocksIndex index, Config.Store limits, InstantSource clock, long barrierBytes)
            throws IOException {
        super(stateDirectory, index, limits, clock, barrierBytes);
    }

    /**
     * Opens the store, creating it where there is none.
     *
     * @throws IOException with what to do, if another daemon uses the directory, the index is of another version, or
     *     the disk fails
     */
    public static RocksBlobStore open(Path stateDirectory, Config.Store limits, InstantSource clock)
            throws IOException {
        return open(stateDirectory, limits, clock, BARRIER_BYTES);
    }

    static RocksBlobStore open(Path stateDirectory, Config.Store limits, InstantSource clock, long barrierBytes)
            throws IOException {
        Files.createDirectories(stateDirectory);
        RocksIndex index = openIndex(new Database(stateDirectory.resolve("index")));
        boolean opened = false;
        try {
            RocksBlobStore store = new RocksBlobStore(stateDirectory, index, limits, clock, barrierBytes);
            store.start();
            opened = true;
            return store;
        } finally {
            if (!opened) {
                index.close();
            }
        }
    }

    private static RocksIndex openIndex(Database database) throws IOException {
        try {
            return RocksIndex.open(database);
        } catch (Database.Damaged e) {
            log.error("{}", e.getMessage());
            log.error(
                    "it is set aside as {}; blobs that were here are removed, and fetched again when asked for",
                    database.setAside());
        }
        try {
            return RocksIndex.open(database);
        } catch (Database.Damaged e) {
            throw new IOException(e.getMessage(), e);
        }
    }
}
