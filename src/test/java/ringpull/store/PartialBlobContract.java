package ringpull.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static ringpull.store.TestBlob.CHUNK;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.config.Config;

/** What every store does with blobs that arrive. */
abstract class PartialBlobContract {
    protected static final Config.Store UNLIMITED = limits(1L << 40);

    volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final List<FileBlobStore> opened = new ArrayList<>();

    /** A new store, empty. */
    protected abstract FileBlobStore create(Config.Store limits, InstantSource clock) throws IOException;

    protected static Config.Store limits(long quotaBytes) {
        return new Config.Store(new Config.Room.Bytes(quotaBytes), new Config.Room.Bytes(0));
    }

    FileBlobStore store(long quotaBytes) throws IOException {
        return store(limits(quotaBytes));
    }

    FileBlobStore store(Config.Store limits) throws IOException {
        FileBlobStore store = create(limits, () -> now);
        opened.add(store);
        return store;
    }

    void laterBy(Duration time) {
        now = now.plus(time);
    }

    @AfterEach
    void close() {
        opened.forEach(BlobStore::close);
    }

    static byte[] contents(BlobStore store, Digest digest) throws IOException {
        try (BlobFile file = store.open(digest).orElseThrow()) {
            return contents(file);
        }
    }

    static byte[] contents(BlobFile file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) file.sizeBytes());
        while (bytes.hasRemaining() && file.channel().read(bytes, bytes.position()) > 0) {}
        assertThat(bytes.remaining()).isZero();
        return bytes.array();
    }

    @Test
    void onlyChunksThatAreCoveredWholeBecomePresent() throws StoreFull, IOException {
        TestBlob blob = TestBlob.of(2, 3 * CHUNK + 5);
        PartialBlob partial = store(UNLIMITED).receive(blob.digest(), blob.size());
        blob.write(partial, 0, blob.size());

        partial.received(new ByteRange(1, 2L * CHUNK));
        assertThat(partial.has(0)).isFalse();
        assertThat(partial.has(1)).isTrue();
        assertThat(partial.has(2)).isFalse();
        assertThat(partial.presentBytes()).isEqualTo(CHUNK);
        assertThat(partial.presentPrefixBytes()).isZero();

        partial.received(new ByteRange(3L * CHUNK, 5));
        assertThat(partial.has(3)).isTrue();
        assertThat(partial.presentBytes()).isEqualTo(CHUNK + 5);

        partial.received(new ByteRange(0, CHUNK));
        assertThat(partial.presentPrefixBytes()).isEqualTo(2L * CHUNK);

        partial.received(new ByteRange(2L * CHUNK, CHUNK));
        assertThat(partial.presentPrefixBytes()).isEqualTo(blob.size());
        assertThat(partial.presentBytes()).isEqualTo(blob.size());
    }

    @Test
    void bytesOutsideTheBlobAreRefused() throws StoreFull, IOException {
        PartialBlob partial = store(UNLIMITED).receive(TestBlob.of(1, 10).digest(), 10);
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> partial.write(5, ByteBuffer.allocate(6)));
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> partial.received(new ByteRange(5, 6)));
    }

    @Test
    void manyThreadsWriteOneBlob() throws Exception {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(3, 16 * CHUNK + 77);
        PartialBlob partial = store.receive(blob.digest(), blob.size());
        List<Integer> chunks = new ArrayList<>();
        for (int chunk = 0; chunk <= 16; chunk++) {
            chunks.add(chunk);
        }
        Collections.shuffle(chunks, new Random(3));

        inThreads(chunks, chunk -> blob.deliver(partial, chunk));
        partial.complete(blob.proof(), "", "");

        assertThat(contents(store, blob.digest())).isEqualTo(blob.bytes());
    }

    interface Step {
        void run(int number) throws IOException;
    }

    static void inThreads(List<Integer> numbers, Step step) throws InterruptedException, ExecutionException {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> tasks = new ArrayList<>();
            for (int number : numbers) {
                tasks.add(threads.submit(() -> {
                    step.run(number);
                    return null;
                }));
            }
            for (Future<?> task : tasks) {
                task.get();
            }
        }
    }

    @Test
    void anInterruptedWriterDoesNotDisturbTheOthers() throws Exception {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(4, 2 * CHUNK);
        PartialBlob partial = store.receive(blob.digest(), blob.size());

        AtomicReference<Throwable> seen = new AtomicReference<>();
        Thread impatient = Thread.ofVirtual().start(() -> {
            Thread.currentThread().interrupt();
            try {
                blob.write(partial, 0, CHUNK);
            } catch (IOException e) {
                seen.set(e);
            }
        });
        impatient.join();
        assertThat(seen.get()).isInstanceOf(ClosedByInterruptException.class);

        blob.deliver(partial, 0);
        blob.deliver(partial, 1);
        partial.complete(blob.proof(), "", "");
        assertThat(contents(store, blob.digest())).isEqualTo(blob.bytes());
    }

    @Test
    void aLateWriterDoesNotChangeWhatIsPresent() throws StoreFull, IOException {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(5, 3 * CHUNK);
        PartialBlob partial = store.receive(blob.digest(), blob.size());
        blob.deliver(partial, 1);

        partial.write(0, ByteBuffer.allocate(3 * CHUNK));
        blob.deliver(partial, 0);
        blob.deliver(partial, 2);
        partial.write(CHUNK - 10, ByteBuffer.allocate(20));

        partial.complete(blob.proof(), "", "");
        assertThat(contents(store, blob.digest())).isEqualTo(blob.bytes());
    }

    @Test
    void aPartialBlobIsReadWhileItArrivesAndAfterwards() throws StoreFull, IOException {
        TestBlob blob = TestBlob.of(6, 2 * CHUNK);
        PartialBlob partial = store(UNLIMITED).receive(blob.digest(), blob.size());
        try (BlobFile early = partial.open()) {
            blob.deliver(partial, 0);
            ByteBuffer first = ByteBuffer.allocate(CHUNK);
            while (first.hasRemaining()) {
                early.channel().read(first, first.position());
            }
            assertThat(first.array()).isEqualTo(Arrays.copyOf(blob.bytes(), CHUNK));
            blob.deliver(partial, 1);
            partial.complete(blob.proof(), "", "");
            assertThat(contents(early)).isEqualTo(blob.bytes());
        }
        try (BlobFile late = partial.open()) {
            assertThat(contents(late)).isEqualTo(blob.bytes());
        }
    }

    @Test
    void nothingIsServedBeforeItIsComplete() throws StoreFull, IOException {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(7, CHUNK);
        PartialBlob partial = store.receive(blob.digest(), blob.size());
        blob.write(partial, 0, blob.size());

        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> partial.complete(blob.proof(), "", ""))
                .withMessageContaining("0 of " + CHUNK);
        partial.received(new ByteRange(0, CHUNK));
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> partial.complete(TestBlob.of(8, CHUNK).proof(), "", ""));

        assertThat(store.open(blob.digest())).isEmpty();
        assertThat(store.find(blob.digest())).isEmpty();
        assertThat(store.list()).isEmpty();
        assertThat(store.partials()).containsExactly(new BlobStore.PartialInfo(blob.digest(), CHUNK, CHUNK));
    }

    @Test
    void aPartialBlobIsOpenOnce() throws StoreFull, IOException {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(9, 10);
        PartialBlob partial = store.receive(blob.digest(), 10);
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> store.receive(blob.digest(), 10));
        partial.close();
        blob.store(store);
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> store.receive(blob.digest(), 10));
    }

    @Test
    void whatArrivedIsThereForTheNextAttempt() throws StoreFull, IOException {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(10, 4 * CHUNK + 9);
        try (PartialBlob first = store.receive(blob.digest(), blob.size())) {
            blob.deliver(first, 0);
            blob.deliver(first, 2);
            blob.write(first, CHUNK, 100);
        }
        PartialBlob second = store.receive(blob.digest(), blob.size());
        assertThat(second.has(0)).isTrue();
        assertThat(second.has(1)).isFalse();
        assertThat(second.has(2)).isTrue();
        assertThat(second.presentPrefixBytes()).isEqualTo(CHUNK);
        blob.deliver(second, 1);
        blob.deliver(second, 3);
        blob.deliver(second, 4);
        second.complete(blob.proof(), "", "");
        assertThat(contents(store, blob.digest())).isEqualTo(blob.bytes());
    }

    @Test
    void anotherSizeBeginsAnew() throws StoreFull, IOException {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(11, 2 * CHUNK);
        try (PartialBlob wrong = store.receive(blob.digest(), 5 * CHUNK)) {
            blob.deliver(wrong, 0);
        }
        PartialBlob right = store.receive(blob.digest(), blob.size());
        assertThat(right.presentBytes()).isZero();
        assertThat(store.usage().reservedBytes()).isEqualTo(2L * CHUNK);
    }

    @Test
    void aResetForgetsTheBytesAndKeepsTheRoom() throws StoreFull, IOException {
        BlobStore store = store(4L * CHUNK);
        TestBlob blob = TestBlob.of(12, 3 * CHUNK);
        PartialBlob partial = store.receive(blob.digest(), blob.size());
        partial.write(0, ByteBuffer.allocate(3 * CHUNK));
        partial.received(new ByteRange(0, 3L * CHUNK));

        partial.reset();
        assertThat(partial.presentBytes()).isZero();
        assertThat(partial.presentPrefixBytes()).isZero();
        assertThat(partial.has(0)).isFalse();
        assertThat(store.usage()).isEqualTo(new BlobStore.Usage(0, 3L * CHUNK, 4L * CHUNK));

        blob.write(partial, 0, blob.size());
        partial.received(new ByteRange(0, blob.size()));
        partial.complete(blob.proof(), "", "");
        assertThat(contents(store, blob.digest())).isEqualTo(blob.bytes());
    }
}
