package ringpull.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.os.TestMount;

/** The power goes: a journalled file system is shut down, and nothing is there afterwards that was not synced. */
class PowerLossTest extends CrashContract {
    private static final int MOUNTED_MIB = 256;

    @SuppressWarnings("NullAway.Init")
    private TestMount mount;

    /** Not from the mounted file system, which would be busy then until this process ends. */
    @BeforeAll
    static void loadLibrary(@TempDir Path elsewhere) throws IOException {
        new NativeLibrary(elsewhere).load();
    }

    @BeforeEach
    void mount() throws IOException, InterruptedException {
        Files.createDirectory(mountPoint());
        mount = TestMount.ext4(mountPoint(), temporary.resolve("image"), MOUNTED_MIB);
    }

    @AfterEach
    void unmount() throws IOException {
        mount.close();
    }

    private Path mountPoint() {
        return temporary.resolve("mounted");
    }

    @Override
    int times() {
        return 6;
    }

    @Override
    Path state() {
        return mountPoint().resolve("state");
    }

    @Override
    void cut(ProcessHandle child) throws IOException, InterruptedException {
        mount.losePower();
    }

    @Override
    void restore() throws IOException, InterruptedException {
        mount = mount.again(temporary.resolve("image"));
    }

    /** The instrument itself: what was synced stays, the rest goes. */
    @Test
    void unsyncedWritesAreDropped() throws IOException, InterruptedException {
        Path synced = mountPoint().resolve("synced");
        Path unsynced = mountPoint().resolve("unsynced");
        Files.writeString(synced, "here");
        try (FileChannel channel = FileChannel.open(synced, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.writeString(unsynced, "gone");
        mount.losePower();
        restore();
        assertThat(synced).hasContent("here");
        assertThat(unsynced).doesNotExist();
    }
}
