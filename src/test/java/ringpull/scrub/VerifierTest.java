package ringpull.scrub;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import ringpull.blob.BlobFile;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.fetch.Fetcher;
import ringpull.fetch.Journal;
import ringpull.fetch.Sources;
import ringpull.metrics.Meters;
import ringpull.origin.memory.MemoryOrigin;
import ringpull.ring.Holders;
import ringpull.ring.MemberId;
import ringpull.store.BlobStore;
import ringpull.store.StoreFull;
import ringpull.store.StoredBlob;
import ringpull.store.TestBlob;
import ringpull.store.rocksdb.RocksBlobStore;
import ringpull.transport.Await;
import ringpull.transport.memory.MemoryTransport;

/** Rot on disk is found, and only what rotted is fetched again. */
class VerifierTest {
    /** As {@link TestBlob#store} records it. */
    private static final Repository SOURCE = new Repository("registry.test", "repository");

    private static final int CHUNK = TestBlob.CHUNK;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path state;

    private final TestBlob blob = TestBlob.of(1, 70 * CHUNK + 5);
    private final MemoryOrigin origin = new MemoryOrigin();
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Journal journal = new Journal(InstantSource.system());
    private final Set<Digest> announced = ConcurrentHashMap.newKeySet();

    @SuppressWarnings("NullAway.Init")
    private RocksBlobStore store;

    @SuppressWarnings("NullAway.Init")
    private Fetcher fetcher;

    @SuppressWarnings("NullAway.Init")
    private Verifier verifier;

    @BeforeEach
    void open() throws IOException {
        store = RocksBlobStore.open(
                state, new Config.Store(new Config.Room.Share(1), new Config.Room.Bytes(0)), InstantSource.system());
        store.listen(new BlobStore.Listener() {
            @Override
            public void added(StoredBlob stored) {
                announced.add(stored.digest());
            }

            @Override
            public void removed(Digest digest) {
                announced.remove(digest);
            }
        });
        Meters meters = new Meters(metrics);
        fetcher = new Fetcher(
                store, Sources.of(new NoHolders(), new MemoryTransport(), origin), journal, meters, System::nanoTime);
        verifier = new Verifier(store, fetcher, journal, meters);
    }

    @AfterEach
    void close() {
        verifier.close();
        fetcher.close();
        store.close();
    }

    @Test
    void aSoundBlobIsProvenByteForByteAndNotCountedAsUsed() throws IOException, StoreFull, InterruptedException {
        StoredBlob stored = blob.store(store);
        AtomicLong bytes = new AtomicLong();

        Verified verified = verifier.verify(blob.digest(), bytes::addAndGet);

        assertThat(verified).isEqualTo(new Verified(blob.digest(), blob.size(), Verified.Outcome.SOUND, 0, ""));
        assertThat(bytes).hasValue(blob.size());
        assertThat(store.find(blob.digest()).orElseThrow().lastUse()).isEqualTo(stored.lastUse());
    }

    @Test
    void onlyTheChunksThatRottedAreFetchedAgain() throws IOException, StoreFull, InterruptedException {
        blob.store(store);
        origin.put(SOURCE, ContentKind.BLOB, blob.digest(), "application/x", blob.bytes());
        rot(blob, 33L * CHUNK + 7);
        rot(blob, 34L * CHUNK);
        rot(blob, blob.size() - 1);

        Verified verified = verifier.verify(blob.digest(), bytes -> {});

        assertThat(verified.outcome()).isEqualTo(Verified.Outcome.DAMAGED);
        assertThat(verified.damagedChunks()).isEqualTo(3);
        assertThat(verified.note()).contains("being fetched again");
        Await.until("it is here again", () -> announced.contains(blob.digest()));
        assertThat(content()).isEqualTo(blob.bytes());
        assertThat(origin.bytesRead()).isLessThan(4L * CHUNK);
        assertThat(metrics.counter("ringpull.store.damaged.chunks").count()).isEqualTo(3);
        assertThat(journal.of(blob.digest())).anyMatch(entry -> entry.event().equals("damaged"));
        assertThat(verifier.verify(blob.digest(), bytes -> {}).outcome()).isEqualTo(Verified.Outcome.SOUND);
    }

    @Test
    void aDamagedBlobThatNobodyHasLeavesTheInventoryAndKeepsItsGoodChunks()
            throws IOException, StoreFull, InterruptedException {
        blob.store(store);
        origin.reachable(false);
        rot(blob, 3);

        assertThat(verifier.verify(blob.digest(), bytes -> {}).outcome()).isEqualTo(Verified.Outcome.DAMAGED);

        assertThat(announced).doesNotContain(blob.digest());
        assertThat(store.find(blob.digest())).isEmpty();
        assertThat(store.partials())
                .containsExactly(new BlobStore.PartialInfo(blob.digest(), blob.size(), blob.size() - CHUNK));
    }

    @Test
    void whatWasDemotedIsPartialAfterARestartToo() throws IOException, StoreFull, InterruptedException {
        blob.store(store);
        origin.reachable(false);
        rot(blob, 5L * CHUNK);
        verifier.verify(blob.digest(), bytes -> {});

        close();
        open();

        assertThat(store.partials())
                .containsExactly(new BlobStore.PartialInfo(blob.digest(), blob.size(), blob.size() - CHUNK));
        assertThat(store.receive(blob.digest(), blob.size()).rungs().count()).isEqualTo(5);
    }

    @Test
    void aBlobWithoutALadderIsProvenInOrderAndHasOneThen() throws IOException, StoreFull, InterruptedException {
        TestBlob small = TestBlob.of(2, 3 * CHUNK);
        small.store(store);
        withoutLadder(small);

        assertThat(verifier.verify(small.digest(), bytes -> {}).outcome()).isEqualTo(Verified.Outcome.SOUND);
        assertThat(store.ladder(small.digest())).isPresent();

        withoutLadder(small);
        rot(small, 1);
        assertThat(verifier.verify(small.digest(), bytes -> {}).outcome()).isEqualTo(Verified.Outcome.DAMAGED);
        assertThat(store.find(small.digest())).isEmpty();
    }

    @Test
    void whatIsNotHereIsGone() throws InterruptedException {
        assertThat(verifier.verify(blob.digest(), bytes -> {}).outcome()).isEqualTo(Verified.Outcome.GONE);
    }

    /** As fast as it can, with a period of a microsecond, in the order of the digests; a second scrubber goes on behind. */
    @Test
    void theScrubberProvesAllInTurnAndGoesOnAfterARestart() throws IOException, StoreFull, InterruptedException {
        List<TestBlob> blobs =
                IntStream.range(0, 4).mapToObj(i -> TestBlob.of(10 + i, CHUNK)).toList();
        for (TestBlob each : blobs) {
            each.store(store);
            origin.put(SOURCE, ContentKind.BLOB, each.digest(), "application/x", each.bytes());
        }
        Digest[] order = blobs.stream().map(TestBlob::digest).sorted().toArray(Digest[]::new);
        Path cursor = state.resolve("scrubbed");
        Files.writeString(cursor, order[1] + "\n");
        TestBlob third = blobs.stream()
                .filter(b -> b.digest().equals(order[2]))
                .findFirst()
                .orElseThrow();
        rot(third, 9);

        try (Scrubber _ = Scrubber.start(store, verifier, cursor, Duration.ofNanos(1000))) {
            Await.until(
                    "the rot is found",
                    () -> metrics.counter("ringpull.store.damaged.chunks").count() == 1);
            Await.until(
                    "it goes round",
                    () -> metrics.counter("ringpull.store.verified.bytes").count() >= 6.0 * CHUNK);
        }
        assertThat(Files.readString(cursor)).startsWith("sha256:");
    }

    private void withoutLadder(TestBlob of) throws IOException {
        store.close();
        try (Options options = new Options();
                RocksDB db = RocksDB.open(options, state.resolve("index").toString())) {
            db.deleteRange(new byte[] {'l'}, new byte[] {'m'});
        } catch (RocksDBException e) {
            throw new IOException(e);
        }
        close();
        open();
        assertThat(store.ladder(of.digest())).isEmpty();
    }

    private byte[] content() throws IOException {
        try (BlobFile file = store.open(blob.digest()).orElseThrow()) {
            ByteBuffer bytes = ByteBuffer.allocate(blob.size());
            while (bytes.hasRemaining() && file.channel().read(bytes, bytes.position()) > 0) {}
            return bytes.array();
        }
    }

    private void rot(TestBlob of, long at) throws IOException {
        Path path = state.resolve("blobs/sha256").resolve(of.digest().hex());
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(at);
            int was = file.read();
            file.seek(at);
            file.write(was ^ 0x40);
        }
    }

    private static final class NoHolders implements Holders {
        @Override
        public List<Holder> holders(Digest digest) {
            return List.of();
        }

        @Override
        public void disown(MemberId member, Digest digest) {}
    }
}
