package ringpull.store.memory;

import java.time.InstantSource;
import ringpull.config.Config;
import ringpull.store.BlobStoreContract;
import ringpull.store.FileBlobStore;

class MemoryBlobStoreTest extends BlobStoreContract {
    @Override
    protected FileBlobStore create(Config.Store limits, InstantSource clock) {
        return MemoryBlobStore.create(limits, clock);
    }
}
