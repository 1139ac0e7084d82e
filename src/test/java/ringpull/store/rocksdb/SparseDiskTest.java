package ringpull.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static ringpull.store.TestBlob.CHUNK;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import ringpull.blob.BlobFile;
import ringpull.os.Disk;
import ringpull.os.TestMount;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.TestBlob;

/** A file system without fallocate: blocks are taken when they are written, and may be gone by then. */
class SparseDiskTest extends MountedStore {
    private static final int MOUNTED_MIB = 64;

    @Override
    TestMount mount(Path at) throws IOException, InterruptedException {
        return TestMount.ext2(at, directory.resolve("image"), MOUNTED_MIB);
    }

    private static byte[] bytes(RocksBlobStore store, TestBlob blob) throws IOException {
        try (BlobFile file = store.open(blob.digest()).orElseThrow()) {
            ByteBuffer all = ByteBuffer.allocate((int) file.sizeBytes());
            while (all.hasRemaining()) {
                assertThat(file.channel().read(all, all.position())).isPositive();
            }
            return all.array();
        }
    }

    @Test
    void aFileHasItsSizeAndNoBlocks() throws IOException {
        Path file = mountPoint.resolve("file");
        long free = free();

        assertThat(Disk.create(file, 20 << 20)).isEqualTo(Disk.Allocation.SPARSE);

        assertThat(Files.size(file)).isEqualTo(20 << 20);
        assertThat(free()).isGreaterThan(free - (1 << 20));
    }

    @Test
    void aBlobArrivesIsInterruptedGoesOnAndIsServed() throws IOException, StoreFull {
        TestBlob blob = TestBlob.of(1, 5 * CHUNK + 7);
        try (RocksBlobStore store = open();
                PartialBlob partial = store.receive(blob.digest(), blob.size())) {
            blob.deliver(partial, 3);
            blob.deliver(partial, 0);
        }
        try (RocksBlobStore store = open()) {
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            assertThat(partial.presentBytes()).isEqualTo(2L * CHUNK);
            for (int chunk = 0; chunk < 6; chunk++) {
                if (!partial.has(chunk)) {
                    blob.deliver(partial, chunk);
                }
            }
            partial.complete(blob.proof(), "a/layer", "");
        }
        try (RocksBlobStore store = open()) {
            assertThat(bytes(store, blob)).isEqualTo(blob.bytes());
        }
    }

    @Test
    void whatIsPromisedButNotWrittenCountsAgainstTheNextReservation() throws IOException, StoreFull {
        try (RocksBlobStore store = open()) {
            int most = (int) free();
            TestBlob large = TestBlob.of(2, most / 4 * 3);
            PartialBlob partial = store.receive(large.digest(), large.size());

            assertThatExceptionOfType(StoreFull.class)
                    .isThrownBy(() -> store.receive(TestBlob.of(3, 1).digest(), most / 2));

            partial.close();
            TestBlob.of(4, most / 2).store(store);
        }
    }

    @Test
    void roomThatSomebodyElseTookIsAnErrorAndNothingUnprovenStays() throws IOException, StoreFull {
        TestBlob blob = TestBlob.of(5, 30 * CHUNK);
        Path filler = mountPoint.resolve("filler");
        try (RocksBlobStore store = open()) {
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            blob.deliver(partial, 0);
            int free = (int) free();
            Files.write(filler, new byte[free - 2 * CHUNK]);

            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> {
                        for (int chunk = 1; chunk < 30; chunk++) {
                            blob.deliver(partial, chunk);
                        }
                    })
                    .withMessageContaining("No space left");
            assertThat(store.open(blob.digest())).isEmpty();
            partial.discard();

            Files.delete(filler);
            blob.store(store);
            assertThat(bytes(store, blob)).isEqualTo(blob.bytes());
        }
    }
}
