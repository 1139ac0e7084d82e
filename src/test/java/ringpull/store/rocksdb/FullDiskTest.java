package ringpull.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assertions.fail;
import static ringpull.store.TestBlob.CHUNK;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import ringpull.os.Disk;
import ringpull.os.TestMount;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.StoredBlob;
import ringpull.store.TestBlob;

/** A file system of its own that is really full. */
class FullDiskTest extends MountedStore {
    private static final int MOUNTED_MIB = 48;

    @Override
    TestMount mount(Path at) throws IOException, InterruptedException {
        return TestMount.tmpfs(at, "size=" + MOUNTED_MIB + "m,nr_inodes=100");
    }

    @Test
    void theFileSystemLimitsTheQuota() throws IOException, StoreFull {
        try (RocksBlobStore store = open()) {
            assertThatExceptionOfType(StoreFull.class)
                    .isThrownBy(() -> store.receive(TestBlob.of(1, 1).digest(), MOUNTED_MIB * (long) CHUNK))
                    .withMessageMatching("(?s).*\\b\\d+ of " + MOUNTED_MIB * CHUNK + " bytes are free.*");
            assertThat(store.usage().reservedBytes()).isZero();
            TestBlob fits = TestBlob.of(2, 2 * CHUNK);
            fits.store(store);
        }
    }

    @Test
    void whatWasEvictedMakesRoomOnTheDisk() throws IOException, StoreFull {
        try (RocksBlobStore store = open()) {
            int third = (int) (free() / 5 * 2);
            for (int seed = 10; seed < 14; seed++) {
                TestBlob.of(seed, third).store(store);
            }
            assertThat(store.list())
                    .extracting(StoredBlob::digest)
                    .containsExactlyInAnyOrder(
                            TestBlob.of(12, third).digest(),
                            TestBlob.of(13, third).digest());
        }
    }

    @Test
    void aFileSystemThatSaysFullGivesTheReservationBack() throws IOException, StoreFull {
        try (RocksBlobStore store = open()) {
            Path crowd = Files.createDirectory(mountPoint.resolve("crowd"));
            fillInodes(crowd);
            TestBlob blob = TestBlob.of(3, CHUNK);
            assertThatExceptionOfType(StoreFull.class)
                    .isThrownBy(() -> store.receive(blob.digest(), blob.size()))
                    .withMessageContaining("the file system says that it is full");
            assertThat(store.usage().reservedBytes()).isZero();
            assertThat(store.partials()).isEmpty();
            Files.delete(crowd.resolve("0"));
            blob.store(store);
            assertThat(store.find(blob.digest())).isPresent();
        }
    }

    private static void fillInodes(Path directory) throws IOException {
        try {
            for (int number = 0; number < 1000; number++) {
                Files.createFile(directory.resolve("" + number));
            }
        } catch (IOException e) {
            return;
        }
        fail("the file system takes more files than it should");
    }

    @Test
    void theIndexWorksAgainOnceADiskThatWasFullHasRoom() throws IOException, StoreFull {
        Path filler = mountPoint.resolve("filler");
        TestBlob first = TestBlob.of(20, CHUNK);
        try (RocksBlobStore store = open()) {
            first.store(store);
            TestBlob reserved = TestBlob.of(21, 2 * CHUNK);
            PartialBlob partial = store.receive(reserved.digest(), reserved.size());
            PartialBlob noise = recordedPartial(store);
            assertThat(Disk.create(filler, free())).isEqualTo(Disk.Allocation.ALLOCATED);
            assertThat(free()).isZero();

            // Its room was reserved: it can be written whatever the others do.
            for (int chunk = 0; chunk < 2; chunk++) {
                reserved.deliver(partial, chunk);
            }
            // RocksDB's log may need room that nobody has now; if it fails, it fails whole.
            exhaustIndex(noise, filler);
            boolean completed;
            try {
                partial.complete(reserved.proof(), "", "");
                completed = true;
            } catch (IOException e) {
                completed = false;
            }
            assertThat(store.find(reserved.digest()).isPresent()).isEqualTo(completed);

            Files.delete(filler);
            noise.close();
            assertThat(store.partials()).isEmpty();
            if (!completed) {
                reserved.store(store);
            }
            TestBlob.of(22, 5).store(store);
        }
        try (RocksBlobStore store = open()) {
            assertThat(store.list())
                    .extracting(StoredBlob::digest)
                    .containsExactlyInAnyOrder(
                            first.digest(),
                            TestBlob.of(21, 2 * CHUNK).digest(),
                            TestBlob.of(22, 5).digest());
        }
    }

    /** One that the index knows, so that each reset is a write to the index. */
    private static PartialBlob recordedPartial(RocksBlobStore store) throws IOException, StoreFull {
        TestBlob blob = TestBlob.of(23, 2 * CHUNK);
        try (PartialBlob first = store.receive(blob.digest(), blob.size())) {
            blob.deliver(first, 0);
        }
        return store.receive(blob.digest(), blob.size());
    }

    /** Writes to the index, and takes whatever room it gives back, until it has none left. */
    private void exhaustIndex(PartialBlob partial, Path filler) {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> {
                    for (int round = 0; round < 200_000; round++) {
                        partial.reset();
                        if (round % 100 == 0 && free() > 0) {
                            Files.write(filler, new byte[(int) free()], StandardOpenOption.APPEND);
                        }
                    }
                })
                .withMessageContaining("No space left");
    }
}
