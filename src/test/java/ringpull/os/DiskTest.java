package ringpull.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskTest {
    @TempDir
    Path directory;

    @Test
    void aFileGetsItsSizeAndItsBlocks() throws IOException {
        Path file = directory.resolve("fïle");
        long free = Files.getFileStore(directory).getUsableSpace();
        Disk.Allocation allocation = Disk.create(file, 64 << 20);
        assertThat(allocation).isIn(Disk.Allocation.ALLOCATED, Disk.Allocation.SPARSE);
        assertThat(Files.size(file)).isEqualTo(64 << 20);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(free).isPositive();
    }

    @Test
    void anOldFileIsEmptied() throws IOException {
        Path file = Files.write(directory.resolve("old"), new byte[] {1, 2, 3});
        Disk.create(file, 2);
        assertThat(Files.readAllBytes(file)).containsExactly(0, 0);
        assertThat(Disk.create(file, 0)).isEqualTo(Disk.Allocation.ALLOCATED);
        assertThat(Files.size(file)).isZero();
    }

    @Test
    void moreThanThereIsLeavesNoFile() throws IOException {
        Path file = directory.resolve("huge");
        long size = Files.getFileStore(directory).getTotalSpace() * 2;
        assertThat(Disk.create(file, size)).isIn(Disk.Allocation.FULL, Disk.Allocation.SPARSE);
        Files.deleteIfExists(file);
    }

    @Test
    void anErrorSaysWhere() {
        Path file = directory.resolve("missing/file");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> Disk.create(file, 1))
                .withMessageContaining(file.toString())
                .withMessageContaining("No such file");
    }
}
