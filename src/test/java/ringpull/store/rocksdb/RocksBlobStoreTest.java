package ringpull.store.rocksdb;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.store.BlobStoreContract;
import ringpull.store.FileBlobStore;

class RocksBlobStoreTest extends BlobStoreContract {
    @TempDir
    Path directory;

    @Override
    protected FileBlobStore create(Config.Store limits, InstantSource clock) throws IOException {
        return RocksBlobStore.open(directory, limits, clock);
    }
}
