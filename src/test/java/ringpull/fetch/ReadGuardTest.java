package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.store.TestBlob.CHUNK;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.metrics.Meters;
import ringpull.origin.memory.MemoryOrigin;
import ringpull.store.TestBlob;
import ringpull.store.rocksdb.RocksBlobStore;
import ringpull.transport.Await;
import ringpull.transport.memory.MemoryTransport;

/** A disk that rots under a complete blob: found at the read, before a byte leaves, and mended. */
class ReadGuardTest {
    private static final Repository SOURCE = new Repository("registry.test", "repository");

    private final TestBlob blob = TestBlob.of(1, 40 * CHUNK + 77);
    private final MemoryOrigin origin = new MemoryOrigin();
    private final Journal journal = new Journal(InstantSource.system());
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final AtomicLong nanos = new AtomicLong();

    @TempDir
    Path state;

    private RocksBlobStore store;
    private Fetcher fetcher;

    @BeforeEach
    void open() throws Exception {
        store = RocksBlobStore.open(
                state, new Config.Store(new Config.Room.Share(1), new Config.Room.Bytes(0)), InstantSource.system());
        fetcher = new Fetcher(
                store,
                Sources.of(new TestHolders(), new MemoryTransport(), origin),
                journal,
                new Meters(metrics),
                nanos::get);
        origin.put(SOURCE, ContentKind.BLOB, blob.digest(), "application/x", blob.bytes());
        blob.store(store);
    }

    @AfterEach
    void close() {
        fetcher.close();
        store.close();
    }

    private Path file() {
        return state.resolve("blobs/sha256").resolve(blob.digest().hex());
    }

    private void rot(long offset) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(file().toFile(), "rw")) {
            file.seek(offset);
            int value = file.read();
            file.seek(offset);
            file.write(value ^ 1);
        }
    }

    private long soundEnd(long offset, long length) throws IOException, InterruptedException {
        try (BlobFile open = store.open(blob.digest()).orElseThrow()) {
            return fetcher.soundEnd(open, new ByteRange(offset, length));
        }
    }

    /** Bytes that a damaged blob's check reads are counted, those of a sound one are not. */
    private double damaged() {
        return metrics.counter("ringpull.store.damaged.chunks").count();
    }

    @Test
    void aSoundBlobIsCheckedRunByRunAndThenInOne() throws Exception {
        long first = soundEnd(5, blob.size() - 5);
        assertThat(first).isEqualTo((long) ReadGuard.WINDOW_CHUNKS * CHUNK);
        long end = first;
        while (end < blob.size()) {
            long next = soundEnd(end, blob.size() - end);
            assertThat(next).isGreaterThan(end);
            end = next;
        }
        assertThat(soundEnd(0, blob.size())).as("remembered").isEqualTo(blob.size());
        assertThat(soundEnd(3L * CHUNK + 1, 10)).isEqualTo(3L * CHUNK + 11);
    }

    @Test
    void aRangeIsSoundUpToTheDamagedChunkAndTheBlobIsMendedFromThere() throws Exception {
        rot(7L * CHUNK + 7);
        rot(blob.size() - 1);

        assertThat(soundEnd(0, blob.size())).isEqualTo(7L * CHUNK);
        assertThat(store.find(blob.digest())).as("still complete").isPresent();
        origin.holdFrom(8L * CHUNK);
        assertThat(soundEnd(7L * CHUNK, blob.size() - 7L * CHUNK)).isEqualTo(7L * CHUNK);

        assertThat(store.find(blob.digest())).isEmpty();
        assertThat(damaged()).isEqualTo(2);
        Delivery delivery = fetcher.deliver(new BlobRequest(blob.digest(), ContentKind.BLOB, Optional.empty()));
        Fetch fetch = ((Delivery.Arriving) delivery).fetch();
        Await.until(
                "what was checked just now, and is here, may leave",
                () -> fetch.releasedEnd(9L * CHUNK) == 40L * CHUNK);
        assertThat(fetch.releasedEnd(40L * CHUNK)).as("the damaged last chunk").isEqualTo(40L * CHUNK);
        origin.holdFrom(Long.MAX_VALUE);
        Await.until("it is complete again", () -> fetch.state() == Fetch.State.PROVEN);
        assertThat(origin.bytesRead()).as("of two chunks").isLessThan(4L * CHUNK);
        assertThat(soundEnd(7L * CHUNK, 5)).isEqualTo(7L * CHUNK + 5);
        try (BlobFile mended = store.open(blob.digest()).orElseThrow()) {
            ByteBuffer last = ByteBuffer.allocate(77);
            mended.channel().read(last, 40L * CHUNK);
            assertThat(last.array()).isEqualTo(Arrays.copyOfRange(blob.bytes(), 40 * CHUNK, blob.size()));
        }
    }

    @Test
    void aWriteToTheFileEndsWhatWasRemembered() throws Exception {
        assertThat(soundEnd(0, CHUNK)).isEqualTo(CHUNK);
        FileTime modified = Files.getLastModifiedTime(file());
        awaitLaterThanTheFile();
        rot(100);
        Files.setLastModifiedTime(file(), modified);

        assertThat(soundEnd(0, CHUNK)).isZero();
        assertThat(damaged()).isEqualTo(1);
    }

    /** A file system's clock stands still for some milliseconds at a time. */
    private void awaitLaterThanTheFile() throws InterruptedException {
        Path probe = state.resolve("probe");
        Await.until("the file system's clock to go on", () -> {
            try {
                Files.writeString(probe, "x");
                return changed(probe).compareTo(changed(file())) > 0;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static FileTime changed(Path path) throws IOException {
        return (FileTime) Files.getAttribute(path, "unix:ctime");
    }

    @Test
    void aBlobOfOneChunkThatIsDamagedIsFetchedAnew() throws Exception {
        TestBlob small = TestBlob.of(2, 1000);
        origin.put(SOURCE, ContentKind.BLOB, small.digest(), "application/x", small.bytes());
        small.store(store);
        try (RandomAccessFile file = new RandomAccessFile(
                state.resolve("blobs/sha256").resolve(small.digest().hex()).toFile(), "rw")) {
            file.write(small.bytes()[0] ^ 1);
        }
        try (BlobFile open = store.open(small.digest()).orElseThrow()) {
            assertThat(fetcher.soundEnd(open, new ByteRange(0, 1000))).isZero();
        }
        Await.until("it is here again", () -> store.find(small.digest()).isPresent());
    }
}
