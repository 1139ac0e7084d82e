package ringpull.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static ringpull.store.TestBlob.CHUNK;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.FlushOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.config.Config;
import ringpull.store.BlobStore;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.StoredBlob;
import ringpull.store.TagRecords.TagRecord;
import ringpull.store.TestBlob;

/** What a store finds again when it opens, and what it does with an index that is old, new, damaged or in use. */
class RestartTest {
    private static final Config.Store UNLIMITED = new Config.Store(new Config.Room.Share(1), new Config.Room.Bytes(0));

    @TempDir
    Path state;

    private final TestBlob blob = TestBlob.of(1, 2 * CHUNK + 1);
    private final TestBlob other = TestBlob.of(2, 100);

    private RocksBlobStore open() throws IOException {
        return open(Instant.parse("2026-01-01T00:00:00Z"));
    }

    private RocksBlobStore open(Instant now) throws IOException {
        return RocksBlobStore.open(state, UNLIMITED, () -> now);
    }

    private Path index() {
        return state.resolve("index");
    }

    private Path file(TestBlob of) {
        return state.resolve("blobs/sha256").resolve(of.digest().hex());
    }

    private interface Tampering {
        void with(RocksDB db) throws RocksDBException;
    }

    private void tamper(Tampering tampering) throws RocksDBException {
        try (Options options = new Options();
                RocksDB db = RocksDB.open(options, index().toString())) {
            tampering.with(db);
        }
    }

    private void storeBoth() throws IOException, StoreFull {
        try (RocksBlobStore store = open()) {
            blob.store(store);
            other.store(store);
        }
    }

    private static List<Digest> held(BlobStore store) {
        return store.list().stream().map(StoredBlob::digest).toList();
    }

    @Test
    void everythingIsThereAgain() throws IOException, StoreFull {
        Instant later = Instant.parse("2026-02-01T00:00:00Z");
        ImageName tag = ImageName.parse("localhost:5000/team/image:v1");
        TagRecord answer = new TagRecord(other.digest(), "application/y", 77, later);
        StoredBlob before;
        try (RocksBlobStore store = open(later)) {
            blob.store(store);
            store.open(blob.digest()).orElseThrow().close();
            store.noteSource(blob.digest(), "registry.test/second");
            before = store.find(blob.digest()).orElseThrow();
            store.tags().record(tag, answer);
            PartialBlob partial = store.receive(other.digest(), 3 * CHUNK);
            partial.write(CHUNK, ByteBuffer.allocate(CHUNK));
            partial.received(new ByteRange(CHUNK, CHUNK));
        }
        try (RocksBlobStore store = open()) {
            assertThat(store.find(blob.digest())).contains(before);
            assertThat(before.sources()).hasSize(2);
            assertThat(store.tags().find(tag)).contains(answer);
            assertThat(store.partials()).containsExactly(new BlobStore.PartialInfo(other.digest(), 3 * CHUNK, CHUNK));
            assertThat(store.usage().usedBytes()).isEqualTo(blob.size() + CHUNK);
            assertThat(store.usage().reservedBytes()).isEqualTo(2 * CHUNK);
            try (PartialBlob partial = store.receive(other.digest(), 3 * CHUNK)) {
                assertThat(partial.has(0)).isFalse();
                assertThat(partial.has(1)).isTrue();
            }
        }
    }

    @Test
    void filesWithoutARecordAndRecordsWithoutAFileGo() throws IOException, StoreFull {
        storeBoth();
        Files.delete(file(blob));
        Path stray = Files.write(file(TestBlob.of(3, 1)), new byte[] {1});
        Path foreign = Files.write(state.resolve("partial/foreign"), new byte[] {1});
        Path unrecorded =
                Files.write(state.resolve("partial").resolve(blob.digest().hex()), new byte[CHUNK]);
        try (RocksBlobStore store = open()) {
            assertThat(held(store)).containsExactly(other.digest());
            assertThat(store.open(blob.digest())).isEmpty();
            assertThat(store.partials()).isEmpty();
            assertThat(stray).doesNotExist();
            assertThat(foreign).doesNotExist();
            assertThat(unrecorded).doesNotExist();
        }
    }

    @Test
    void aFileOfAnotherSizeGoes() throws IOException, StoreFull {
        storeBoth();
        try (RandomAccessFile cut = new RandomAccessFile(file(blob).toFile(), "rw")) {
            cut.setLength(CHUNK);
        }
        try (RocksBlobStore store = open()) {
            assertThat(held(store)).containsExactly(other.digest());
            assertThat(file(blob)).doesNotExist();
        }
    }

    @Test
    void aSecondDaemonIsRefused() throws IOException, StoreFull {
        try (RocksBlobStore store = open()) {
            blob.store(store);
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(this::open)
                    .withMessageContaining("in use by another ringpull daemon")
                    .withMessageContaining("[node] state");
            assertThat(store.open(blob.digest()).map(BlobFile::sizeBytes)).contains((long) blob.size());
        }
        open().close();
    }

    @Test
    void aNewerIndexIsRefusedAndLeftAlone() throws IOException, StoreFull, RocksDBException {
        storeBoth();
        tamper(db -> db.put(Records.VERSION_KEY, Records.version(Database.VERSION + 1)));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(this::open)
                .withMessageContaining("has version 2")
                .withMessageContaining("only version 1");
        tamper(db -> db.put(Records.VERSION_KEY, Records.version(Database.VERSION)));
        try (RocksBlobStore store = open()) {
            assertThat(held(store)).containsExactlyInAnyOrder(blob.digest(), other.digest());
        }
    }

    @Test
    void aDamagedRecordCostsItsBlobOnly() throws IOException, StoreFull, RocksDBException {
        byte[] key = Records.key(Records.BLOB, blob.digest());
        List<Tampering> damages = List.of(
                db -> db.put(key, new byte[0]),
                db -> db.put(key, "garbage that is long enough to be a record".getBytes(StandardCharsets.UTF_8)),
                db -> db.put(key, Arrays.copyOf(db.get(key), db.get(key).length - 1)),
                db -> {
                    byte[] flipped = db.get(key);
                    flipped[7] ^= 1;
                    db.put(key, flipped);
                },
                db -> db.put(key, db.get(Records.key(Records.BLOB, other.digest()))),
                db -> db.put(new byte[] {'z', 1}, new byte[] {1}),
                db -> db.put(new byte[] {'b', 1}, new byte[] {1}));
        storeBoth();
        for (Tampering damage : damages) {
            tamper(damage);
            try (RocksBlobStore store = open()) {
                assertThat(held(store)).contains(other.digest());
                if (store.find(blob.digest()).isEmpty()) {
                    assertThat(file(blob)).doesNotExist();
                    blob.store(store);
                }
            }
        }
    }

    @Test
    void anIndexThatCannotBeReadIsSetAsideAndTheStoreBeginsEmpty() throws IOException, StoreFull, RocksDBException {
        List<Damage> damages = List.of(
                directory -> overwrite(one(directory, "CURRENT")),
                directory -> overwrite(one(directory, "MANIFEST")),
                directory -> Files.delete(one(directory, "MANIFEST")),
                directory -> flip(one(directory, ".sst")),
                directory -> Files.delete(one(directory, ".sst")),
                directory -> {
                    try (RandomAccessFile file =
                            new RandomAccessFile(one(directory, ".sst").toFile(), "rw")) {
                        file.setLength(file.length() / 2);
                    }
                },
                directory -> tamper(db -> db.put(Records.VERSION_KEY, new byte[] {1, 2, 3})),
                directory -> tamper(db -> db.delete(Records.VERSION_KEY)));
        for (Damage damage : damages) {
            storeBoth();
            try (FlushOptions flush = new FlushOptions()) {
                tamper(db -> db.flush(flush));
            }
            damage.to(index());
            try (RocksBlobStore store = open()) {
                assertThat(held(store)).isEmpty();
                assertThat(file(blob)).doesNotExist();
                assertThat(state.resolve("index.damaged")).isDirectory();
                blob.store(store);
            }
            try (RocksBlobStore store = open()) {
                assertThat(held(store)).containsExactly(blob.digest());
                store.remove(blob.digest());
            }
        }
    }

    private interface Damage {
        void to(Path index) throws IOException, RocksDBException;
    }

    private static Path one(Path directory, String part) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().contains(part))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void overwrite(Path file) throws IOException {
        Files.write(file, new byte[] {'x', 'y', 'z'});
    }

    private static void flip(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[20] ^= 4;
        Files.write(file, bytes);
    }

    @Test
    void noOtherAccountReadsTheStore() throws IOException, StoreFull {
        storeBoth();
        for (Path path : List.of(state.resolve("blobs"), state.resolve("partial"), index())) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rwx------");
        }
    }
}
