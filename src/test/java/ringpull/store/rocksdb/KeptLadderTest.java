package ringpull.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.store.TestBlob.CHUNK;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.config.Config;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.TestBlob;

/** Ladders in the index: of complete blobs, and of the front of partial ones. */
class KeptLadderTest {
    private static final Config.Store UNLIMITED = new Config.Store(new Config.Room.Share(1), new Config.Room.Bytes(0));
    private static final int CHUNKS = 5;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path state;

    private final TestBlob blob = TestBlob.of(1, CHUNKS * CHUNK + 1);

    private RocksBlobStore open() throws IOException {
        return RocksBlobStore.open(state, UNLIMITED, InstantSource.system());
    }

    private interface Tampering {
        void with(RocksDB db) throws RocksDBException;
    }

    private void tamper(Tampering tampering) throws RocksDBException {
        try (Options options = new Options();
                RocksDB db = RocksDB.open(options, state.resolve("index").toString())) {
            tampering.with(db);
        }
    }

    @Test
    void aCompleteBlobIsProvenByItsLadderAfterARestart() throws IOException, StoreFull {
        try (RocksBlobStore store = open()) {
            blob.store(store);
        }
        try (RocksBlobStore store = open()) {
            Ladder ladder = store.ladder(blob.digest()).orElseThrow();
            assertThat(store.ladderPage(blob.digest(), 0)).contains(ladder.page(0));
            assertThat(store.ladderPage(blob.digest(), 1)).isEmpty();
            LadderProof proof = new LadderProof(blob.digest(), ladder);
            BitSet all = new BitSet();
            all.set(0, proof.links());
            try (BlobFile file = store.open(blob.digest()).orElseThrow()) {
                assertThat(proof.check(file, all)).isEqualTo(new BitSet());
            }
        }
    }

    @Test
    void theLadderGoesWithItsBlob() throws IOException, StoreFull, RocksDBException {
        try (RocksBlobStore store = open()) {
            blob.store(store);
            store.remove(blob.digest());
            assertThat(store.ladder(blob.digest())).isEmpty();
            store.keepLadder(blob.proof());
        }
        tamper(db -> assertThat(db.get(Records.key(blob.digest(), 0))).isNull());
    }

    @Test
    void aDamagedPageIsNoLadderAndCanBeReplaced() throws IOException, StoreFull, RocksDBException {
        try (RocksBlobStore store = open()) {
            blob.store(store);
        }
        tamper(db -> {
            byte[] key = Records.key(blob.digest(), 0);
            byte[] value = db.get(key);
            value[3] ^= 1;
            db.put(key, value);
        });
        try (RocksBlobStore store = open()) {
            assertThat(store.find(blob.digest())).isPresent();
            assertThat(store.ladder(blob.digest())).isEmpty();
            store.keepLadder(blob.proof());
            assertThat(store.ladder(blob.digest())).isPresent();
        }
    }

    @Test
    void aProofGoesOnWhereAnEarlierLifeHasHashed() throws IOException, StoreFull, ProofFailed {
        try (RocksBlobStore store = open()) {
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            deliver(partial, 0, 3);
            hash(new Proof(blob.digest(), partial.rungs()), 3);
        }
        try (RocksBlobStore store = open()) {
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            assertThat(partial.presentPrefixBytes()).isEqualTo(3L * CHUNK);
            Proof proof = new Proof(blob.digest(), partial.rungs());
            assertThat(proof.hashedBytes()).isEqualTo(3L * CHUNK);
            deliver(partial, 3, CHUNKS + 1);
            hash(proof, CHUNKS + 1);
            partial.complete(proof.finish(), "", "");
            assertThat(store.ladder(blob.digest()).orElseThrow().page(0))
                    .isEqualTo(blob.proof().ladder().page(0));
        }
    }

    /** A rung says what the bytes were: once they are forgotten, nobody may go on from it. */
    @Test
    void whatWasHashedIsForgottenWithTheBytes() throws IOException, StoreFull {
        try (RocksBlobStore store = open()) {
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            deliver(partial, 0, 3);
            hash(new Proof(blob.digest(), partial.rungs()), 3);
        }
        try (RocksBlobStore store = open()) {
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            partial.reset();
            assertThat(partial.rungs().count()).isZero();
            partial.write(0, ByteBuffer.allocate(2 * CHUNK));
            partial.received(new ByteRange(0, 2 * CHUNK));
        }
        try (RocksBlobStore store = open()) {
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            assertThat(partial.presentPrefixBytes()).isEqualTo(2L * CHUNK);
            assertThat(partial.rungs().count()).isZero();
        }
    }

    @Test
    void onlyWhatIsPresentHasRungs() throws IOException, StoreFull {
        try (RocksBlobStore store = open()) {
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            deliver(partial, 0, 2);
            // Written and hashed, but never said to have been received.
            blob.write(partial, 2L * CHUNK, CHUNK);
            hash(new Proof(blob.digest(), partial.rungs()), 3);
        }
        try (RocksBlobStore store = open()) {
            assertThat(store.receive(blob.digest(), blob.size()).rungs().count())
                    .isEqualTo(2);
        }
    }

    @Test
    void aMissingPageOfTheFrontCostsOnlyHashing() throws IOException, StoreFull, RocksDBException {
        try (RocksBlobStore store = open()) {
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            deliver(partial, 0, 3);
            hash(new Proof(blob.digest(), partial.rungs()), 3);
        }
        tamper(db -> db.delete(Records.key(blob.digest(), 0)));
        try (RocksBlobStore store = open()) {
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            assertThat(partial.presentPrefixBytes()).isEqualTo(3L * CHUNK);
            assertThat(partial.rungs().count()).isZero();
        }
    }

    @Test
    void aStoreFullOfLaddersOpensWithoutReadingThem() throws IOException, StoreFull, RocksDBException {
        TestBlob other = TestBlob.of(2, 3 * CHUNK);
        try (RocksBlobStore store = open()) {
            blob.store(store);
            other.store(store);
        }
        Digest none = TestBlob.of(3, 1).digest();
        // Were it read, it would be dropped as unreadable.
        tamper(db -> db.put(Records.key(none, 7), new byte[] {1}));
        try (RocksBlobStore store = open()) {
            assertThat(store.list()).hasSize(2);
            assertThat(store.ladder(other.digest())).isPresent();
        }
        tamper(db -> assertThat(db.get(Records.key(none, 7))).isEqualTo(new byte[] {1}));
    }

    private void deliver(PartialBlob partial, int from, int end) throws IOException {
        for (int chunk = from; chunk < end; chunk++) {
            blob.deliver(partial, chunk);
        }
    }

    private void hash(Proof proof, int end) {
        int from = (int) proof.hashedBytes();
        proof.update(ByteBuffer.wrap(blob.bytes(), from, Math.min(blob.size(), end * CHUNK) - from));
    }
}
