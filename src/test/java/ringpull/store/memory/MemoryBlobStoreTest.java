package ringpull.store.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.store.BlobStoreContract;
import ringpull.store.FileBlobStore;

class MemoryBlobStoreTest extends BlobStoreContract {
    @Override
    protected FileBlobStore create(Config.Store limits, InstantSource clock) {
        return MemoryBlobStore.create(limits, clock);
    }

    @Test
    void whatAKilledProcessLeftIsRemovedAndNothingElse(@TempDir Path temporary) throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        Path orphan = Files.createDirectories(temporary.resolve("ringpull-store-" + ended.pid() + "-1/blobs"));
        Files.write(orphan.resolve("blob"), new byte[10]);
        long mine = ProcessHandle.current().pid();
        Path living = Files.createDirectory(temporary.resolve("ringpull-store-" + mine + "-2"));
        Path other = Files.createDirectory(temporary.resolve("ringpull-store-house"));

        MemoryBlobStore.removeOrphans(temporary);

        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left).containsExactlyInAnyOrder(living, other);
        }
    }

    @Test
    void nothingStaysBehind() throws IOException {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        String mine = "ringpull-store-" + ProcessHandle.current().pid() + "-";
        MemoryBlobStore store = MemoryBlobStore.create();
        assertThat(named(temporary, mine)).isPositive();
        long open = named(temporary, mine);

        store.close();

        assertThat(named(temporary, mine)).isEqualTo(open - 1);
    }

    private static long named(Path temporary, String prefix) throws IOException {
        try (Stream<Path> all = Files.list(temporary)) {
            return all.filter(path -> path.getFileName().toString().startsWith(prefix))
                    .count();
        }
    }
}
