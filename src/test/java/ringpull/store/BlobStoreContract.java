package ringpull.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static ringpull.store.TestBlob.CHUNK;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.config.Config;
import ringpull.store.TagRecords.TagRecord;

/** What every store does. */
public abstract class BlobStoreContract extends PartialBlobContract {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7})
    void aBlobOfAnySizeArrivesAndIsServed(int size) throws StoreFull, IOException {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(1, size);

        StoredBlob stored = blob.store(store);

        assertThat(stored.sizeBytes()).isEqualTo(size);
        assertThat(stored.mediaType()).isEqualTo("application/x");
        assertThat(stored.sources()).containsExactly("registry.test/repository");
        assertThat(contents(store, blob.digest())).isEqualTo(blob.bytes());
        assertThat(store.list()).extracting(StoredBlob::digest).containsExactly(blob.digest());
        assertThat(store.partials()).isEmpty();
        assertThat(store.usage().usedBytes()).isEqualTo(size);
        assertThat(store.usage().reservedBytes()).isZero();
    }

    @Test
    void theReservationIsGivenBack() throws StoreFull, IOException {
        BlobStore store = store(4L * CHUNK);
        TestBlob blob = TestBlob.of(13, 3 * CHUNK);
        PartialBlob discarded = store.receive(blob.digest(), blob.size());
        assertThatExceptionOfType(StoreFull.class)
                .isThrownBy(() -> store.receive(TestBlob.of(14, 10).digest(), 2L * CHUNK))
                .withMessageContaining("" + 3 * CHUNK)
                .withMessageContaining("" + 4 * CHUNK)
                .withMessageContaining("[store] quota");
        blob.deliver(discarded, 0);
        discarded.discard();
        discarded.close();
        assertThat(store.usage()).isEqualTo(new BlobStore.Usage(0, 0, 4L * CHUNK));

        PartialBlob empty = store.receive(blob.digest(), blob.size());
        empty.close();
        assertThat(store.usage()).isEqualTo(new BlobStore.Usage(0, 0, 4L * CHUNK));
        assertThat(store.partials()).isEmpty();
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> blob.deliver(empty, 0));
    }

    @Test
    void theLongestUnusedGoesFirst() throws StoreFull, IOException {
        BlobStore store = store(4L * CHUNK);
        TestBlob a = TestBlob.of(20, CHUNK);
        TestBlob b = TestBlob.of(21, CHUNK);
        TestBlob c = TestBlob.of(22, CHUNK);
        TestBlob half = TestBlob.of(23, CHUNK + 1);
        for (TestBlob blob : List.of(a, b, c)) {
            blob.store(store);
            laterBy(Duration.ofMinutes(1));
        }
        contents(store, a.digest());
        laterBy(Duration.ofMinutes(1));
        BlobFile reader = store.open(b.digest()).orElseThrow();
        laterBy(Duration.ofMinutes(1));
        contents(store, a.digest());

        PartialBlob open = store.receive(half.digest(), half.size());
        assertThat(store.list()).extracting(StoredBlob::digest).containsExactlyInAnyOrder(a.digest(), b.digest());
        half.deliver(open, 0);
        laterBy(Duration.ofMinutes(1));

        // The open partial stays, and the reader of what goes is not disturbed.
        TestBlob last = TestBlob.of(24, 2 * CHUNK - 1);
        PartialBlob two = store.receive(last.digest(), last.size());
        assertThat(store.list()).extracting(StoredBlob::digest).containsExactly(a.digest());
        try (reader) {
            assertThat(contents(reader)).isEqualTo(b.bytes());
        }
        two.discard();
    }

    @Test
    void nobodyGoesWhenItWouldNotHelp() throws StoreFull, IOException {
        BlobStore store = store(2L * CHUNK);
        TestBlob blob = TestBlob.of(25, CHUNK);
        blob.store(store);
        assertThatExceptionOfType(StoreFull.class)
                .isThrownBy(() -> store.receive(TestBlob.of(26, 1).digest(), 2L * CHUNK + 1));
        assertThat(store.find(blob.digest())).isPresent();
    }

    @Test
    void anIdlePartialGoesInItsTurn() throws StoreFull, IOException {
        BlobStore store = store(4L * CHUNK);
        TestBlob idle = TestBlob.of(27, 2 * CHUNK);
        try (PartialBlob partial = store.receive(idle.digest(), idle.size())) {
            idle.deliver(partial, 0);
        }
        laterBy(Duration.ofMinutes(1));
        TestBlob younger = TestBlob.of(28, CHUNK);
        younger.store(store);
        store.receive(TestBlob.of(29, 1).digest(), 3L * CHUNK).close();
        assertThat(store.partials()).isEmpty();
        assertThat(store.find(younger.digest())).isPresent();
    }

    @Test
    void theDiskIsNeverFilledBeyondMinFree() throws IOException {
        Config.Store frugal = new Config.Store(new Config.Room.Share(1), new Config.Room.Share(1));
        BlobStore store = store(frugal);
        assertThat(store.usage().quotaBytes()).isZero();
        assertThatExceptionOfType(StoreFull.class)
                .isThrownBy(() -> store.receive(TestBlob.of(30, 1).digest(), 1))
                .withMessageContaining("min_free");
    }

    @Test
    void aRemovedBlobIsGoneAndItsReadersFinish() throws StoreFull, IOException {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(31, CHUNK + 3);
        blob.store(store);
        try (BlobFile file = store.open(blob.digest()).orElseThrow()) {
            assertThat(store.remove(blob.digest())).isTrue();
            assertThat(store.remove(blob.digest())).isFalse();
            assertThat(store.open(blob.digest())).isEmpty();
            assertThat(contents(file)).isEqualTo(blob.bytes());
        }
        assertThat(store.usage().usedBytes()).isZero();
        blob.store(store);
        assertThat(contents(store, blob.digest())).isEqualTo(blob.bytes());
    }

    @Test
    void sourcesAreRememberedUpToABound() throws StoreFull, IOException {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(32, 5);
        store.noteSource(blob.digest(), "registry.test/nobody");
        blob.store(store);
        store.noteSource(blob.digest(), "registry.test/other");
        store.noteSource(blob.digest(), "x".repeat(FileBlobStore.TEXT_CHARS_MAX + 1));
        assertThat(store.find(blob.digest()).orElseThrow().sources())
                .containsExactlyInAnyOrder("registry.test/repository", "registry.test/other");
        for (int i = 0; i < 2 * FileBlobStore.SOURCES_MAX; i++) {
            store.noteSource(blob.digest(), "registry.test/r" + i);
        }
        assertThat(store.find(blob.digest()).orElseThrow().sources()).hasSize(FileBlobStore.SOURCES_MAX);
    }

    @Test
    void findingIsNoUse() throws StoreFull, IOException {
        BlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(33, 5);
        Instant stored = blob.store(store).lastUse();
        laterBy(Duration.ofHours(1));
        assertThat(store.find(blob.digest()).orElseThrow().lastUse()).isEqualTo(stored);
        store.open(blob.digest()).orElseThrow().close();
        assertThat(store.find(blob.digest()).orElseThrow().lastUse()).isEqualTo(now);
    }

    @Test
    void listenersHearEveryChangeInOrderAndNeverAtTheSameTime() throws Exception {
        BlobStore store = store(UNLIMITED);
        TestBlob.of(40, 1).store(store);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger overlaps = new AtomicInteger();
        List<String> heard = Collections.synchronizedList(new ArrayList<>());
        store.listen(new BlobStore.Listener() {
            @Override
            public void added(StoredBlob blob) {
                hear("+" + blob.digest());
            }

            @Override
            public void removed(Digest digest) {
                hear("-" + digest);
                store.list(); // a listener may ask the store
            }

            private void hear(String what) {
                overlaps.addAndGet(inside.getAndIncrement());
                heard.add(what);
                inside.decrementAndGet();
            }
        });
        List<Integer> seeds = List.of(41, 42, 43, 44, 45, 46, 47, 48);
        inThreads(seeds, seed -> {
            TestBlob blob = TestBlob.of(seed, seed);
            try {
                for (int round = 0; round < 5; round++) {
                    blob.store(store);
                    store.remove(blob.digest());
                }
            } catch (StoreFull e) {
                throw new AssertionError(e);
            }
        });
        // The last change may still be on its way by another thread's hand.
        await(() -> heard.size() == seeds.size() * 10);
        assertThat(overlaps).hasValue(0);
        for (int seed : seeds) {
            String digest = TestBlob.of(seed, seed).digest().toString();
            assertThat(heard.stream().filter(change -> change.endsWith(digest)).map(change -> change.charAt(0)))
                    .containsExactly('+', '-', '+', '-', '+', '-', '+', '-', '+', '-');
        }
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() < end) {
            Thread.sleep(1);
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }

    @Test
    void aListenerThatFailsHarmsNobody() throws StoreFull, IOException {
        BlobStore store = store(UNLIMITED);
        List<Digest> heard = new ArrayList<>();
        store.listen(new BlobStore.Listener() {
            @Override
            public void added(StoredBlob blob) {
                throw new IllegalStateException("a defect that this test is about");
            }

            @Override
            public void removed(Digest digest) {}
        });
        store.listen(new BlobStore.Listener() {
            @Override
            public void added(StoredBlob blob) {
                heard.add(blob.digest());
            }

            @Override
            public void removed(Digest digest) {}
        });
        TestBlob blob = TestBlob.of(50, 1);
        blob.store(store);
        assertThat(heard).containsExactly(blob.digest());
    }

    @Test
    void aFileThatWasTamperedWithInSizeIsNotServed() throws StoreFull, IOException {
        FileBlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(51, 100);
        blob.store(store);
        try (FileChannel writer = FileChannel.open(store.fileOf(blob.digest()), StandardOpenOption.WRITE)) {
            writer.truncate(99);
        }
        assertThat(store.open(blob.digest())).isEmpty();
        assertThat(store.find(blob.digest())).isEmpty();
        blob.store(store);
        Files.delete(store.fileOf(blob.digest()));
        assertThat(store.open(blob.digest())).isEmpty();
        assertThat(store.find(blob.digest())).isEmpty();
    }

    @Test
    void tagsAreRemembered() throws IOException {
        TagRecords tags = store(UNLIMITED).tags();
        ImageName tag = ImageName.parse("registry.test:5000/a/b:v1");
        TagRecord first = new TagRecord(TestBlob.of(1, 1).digest(), "type", 7, now);
        TagRecord second = new TagRecord(TestBlob.of(2, 1).digest(), "type", 8, now);
        assertThat(tags.find(tag)).isEmpty();
        tags.record(tag, first);
        assertThat(tags.find(tag)).contains(first);
        tags.record(tag, second);
        assertThat(tags.find(tag)).contains(second);
    }

    @Test
    void theOldestTagsAreForgottenBeyondABound() throws IOException, InterruptedException {
        TagRecords tags = store(UNLIMITED).tags();
        for (int number = 0; number <= IndexedTags.TAGS_MAX; number++) {
            TagRecord answer = new TagRecord(TestBlob.of(1, 1).digest(), "type", 7, now.plusSeconds(number));
            tags.record(ImageName.parse("registry.test/a:" + number), answer);
        }
        await(() -> tags.find(ImageName.parse("registry.test/a:0")).isEmpty());
        assertThat(tags.find(ImageName.parse("registry.test/a:" + IndexedTags.TAGS_MAX)))
                .isPresent();
    }

    @Test
    void aClosedStoreRefusesInsteadOfCrashing() throws StoreFull, IOException {
        FileBlobStore store = store(UNLIMITED);
        TestBlob blob = TestBlob.of(60, 2 * CHUNK);
        PartialBlob partial = store.receive(blob.digest(), blob.size());
        blob.deliver(partial, 0);
        store.close();
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> blob.deliver(partial, 1));
        assertThatExceptionOfType(IOException.class).isThrownBy(partial::reset);
        partial.close();
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> store.receive(TestBlob.of(61, 1).digest(), 1));
        store.close();
    }
}
