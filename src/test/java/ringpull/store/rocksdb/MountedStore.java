package ringpull.store.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.os.TestMount;

/** A store on a file system of its own. */
abstract class MountedStore {
    private static final Config.Store UNLIMITED =
            new Config.Store(new Config.Room.Bytes(1L << 40), new Config.Room.Bytes(0));

    @TempDir
    Path directory;

    Path mountPoint;
    private @Nullable TestMount mount;

    /** Not from the mounted file system, which would be busy then until this process ends. */
    @BeforeAll
    static void loadLibrary(@TempDir Path elsewhere) throws IOException {
        new NativeLibrary(elsewhere).load();
    }

    @BeforeEach
    void mount() throws IOException, InterruptedException {
        mountPoint = Files.createDirectory(directory.resolve("mounted"));
        mount = mount(mountPoint);
    }

    /** Mounts the file system that the test is about. */
    abstract TestMount mount(Path at) throws IOException, InterruptedException;

    @AfterEach
    void unmount() throws IOException, InterruptedException {
        if (mount != null) {
            mount.close();
        }
    }

    RocksBlobStore open() throws IOException {
        return RocksBlobStore.open(mountPoint.resolve("state"), UNLIMITED, InstantSource.system());
    }

    long free() throws IOException {
        return Files.getFileStore(mountPoint).getUsableSpace();
    }
}
