package ringpull.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.RocksDB;
import org.rocksdb.util.Environment;

class NativeLibraryTest {
    @TempDir
    Path state;

    private Path directory;
    private NativeLibrary library;

    @BeforeEach
    void name() {
        directory = state.resolve("native");
        library = new NativeLibrary(directory);
    }

    private void assertWhole(Path file) throws IOException {
        try (InputStream packed =
                RocksDB.class.getResourceAsStream("/" + Environment.getJniLibraryFileName("rocksdb"))) {
            assertThat(Files.readAllBytes(file)).isEqualTo(packed.readAllBytes());
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void theLibraryOfThisProcessorIsUnpackedForItsOwnerOnly() throws IOException {
        assertWhole(library.unpack());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwx------");
    }

    @Test
    void whatIsWholeIsLeftAlone() throws IOException {
        Object before = key(library.unpack());

        assertThat(key(library.unpack())).isEqualTo(before);
    }

    private static Object key(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }

    @Test
    void whatIsDamagedIsReplacedAndNotWrittenInto() throws IOException {
        Path file = library.unpack();
        Object before = key(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.READ)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, 5_000_000);
            one.put(0, (byte) (one.get(0) ^ 1)).rewind();
            channel.write(one, 5_000_000);
        }

        assertWhole(library.unpack());
        assertThat(key(file)).isNotEqualTo(before);
    }

    @Test
    void whatIsCutShortIsReplaced() throws IOException {
        try (FileChannel channel = FileChannel.open(library.unpack(), StandardOpenOption.WRITE)) {
            channel.truncate(1000);
        }

        assertWhole(library.unpack());
    }
}
