package ringpull.transport.nvmeof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.BlobFile;
import ringpull.transport.ChunkSource;
import ringpull.transport.TestBlobs;

/** Copies in memory. Those that share blocks are tried in the guest, where there are file systems that can. */
class CopiesTest {
    private static final int SIZE = 10_000;
    private static final long ROOM = 2 * Layout.diskBytes(SIZE);

    @TempDir
    Path directory;

    private TestBlobs blobs;
    private Copies copies;

    @BeforeEach
    void start() throws IOException {
        blobs = new TestBlobs(directory);
        copies = new Copies(directory.resolve("exports"), ROOM);
        assumeFalse(copies.how().contains("disk"), "temporary files can share blocks here");
    }

    @AfterEach
    void close() {
        copies.close();
    }

    private Copies.Copy of(byte[] blob) throws IOException {
        try (BlobFile file = blobs.open(TestBlobs.digest(blob)).orElseThrow()) {
            return copies.of(file);
        }
    }

    @Test
    void aBlobLiesBetweenZerosInAFileThatNobodyCanChange() throws IOException {
        byte[] blob = blobs.add(SIZE, 1);
        try (Copies.Copy copy = of(blob)) {
            ByteBuffer all = ByteBuffer.allocateDirect((int) Layout.diskBytes(SIZE));
            assertThat(copy.file().sizeBytes()).isEqualTo(all.capacity()).isEqualTo(2 * Layout.LEAD_BYTES + 12_288);
            copy.file().fill(all, 0);

            byte[] expected = new byte[all.capacity()];
            System.arraycopy(blob, 0, expected, Layout.LEAD_BYTES, SIZE);
            byte[] found = new byte[all.flip().remaining()];
            all.get(found);
            assertThat(Arrays.equals(found, expected)).isTrue();
            assertThat(copy.file().isSealed()).isTrue();
        }
    }

    @Test
    void allReadersOfABlobSeeOneFileAndMemoryIsBounded() throws IOException {
        byte[] first = blobs.add(SIZE, 1);
        byte[] second = blobs.add(SIZE, 2);
        byte[] third = blobs.add(SIZE, 3);
        Copies.Copy one = of(first);
        Copies.Copy same = of(first);
        assertThat(same.file()).isSameAs(one.file());
        Copies.Copy other = of(second);
        assertThat(copies.memoryUsed()).isEqualTo(ROOM);

        assertThatThrownBy(() -> of(third))
                .isInstanceOf(ChunkSource.Busy.class)
                .hasMessageContaining("[nvmeof] memory");
        one.close();
        one.close(); // twice is once
        assertThatThrownBy(() -> of(third)).isInstanceOf(ChunkSource.Busy.class);
        same.close();
        Copies.Copy fits = of(third);

        assertThat(copies.memoryUsed()).isEqualTo(ROOM);
        assertThatThrownBy(() -> of(first)).isInstanceOf(ChunkSource.Busy.class);
        other.close();
        fits.close();
    }

    @Test
    void whatNobodySeesStaysUntilThereIsNoRoom() throws IOException {
        byte[] first = blobs.add(SIZE, 1);
        Copies.Copy once = of(first);
        once.close();

        try (Copies.Copy again = of(first)) {
            assertThat(again.file()).isSameAs(once.file());
        }
    }

    @Test
    void aBlobThatCannotBeCopiedTakesNoMemory() throws IOException {
        byte[] blob = blobs.add(SIZE, 1);
        Files.write(directory.resolve(TestBlobs.digest(blob).hex()), new byte[SIZE / 2]);
        try (BlobFile file = new BlobFile(
                TestBlobs.digest(blob),
                SIZE,
                blobs.open(TestBlobs.digest(blob)).orElseThrow().channel())) {
            assertThatThrownBy(() -> copies.of(file)).hasMessageContaining("ends early");
        }
        assertThat(copies.memoryUsed()).isZero();
    }

    @Test
    void whatAnEarlierLifeLeftIsRemoved() throws IOException {
        Path left = Files.writeString(directory.resolve("exports/export-1"), "x");
        try (Copies _ = new Copies(directory.resolve("exports"), 0)) {
            assertThat(left).doesNotExist();
        }
    }
}
