package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.store.TestBlob.CHUNK;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.config.Config;
import ringpull.metrics.Meters;
import ringpull.origin.memory.MemoryOrigin;
import ringpull.ring.Ladders;
import ringpull.store.PartialBlob;
import ringpull.store.TestBlob;
import ringpull.store.rocksdb.RocksBlobStore;
import ringpull.transport.Await;
import ringpull.transport.Landing;
import ringpull.transport.Pace;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;
import ringpull.transport.memory.MemoryTransport;

/** What one life has checked, in whatever order it came, the next does not hash again. */
class KeptProofTest {
    private final TestBlob blob = TestBlob.of(1, 40 * CHUNK + 77);
    private final Ladder ladder = blob.proof().ladder();
    private final MemoryTransport transport = new MemoryTransport();
    private final TestHolders ring = new TestHolders();
    private final Journal journal = new Journal(InstantSource.system());
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

    @TempDir
    Path directory;

    private RocksBlobStore open() throws IOException {
        return RocksBlobStore.open(
                directory.resolve("state"),
                new Config.Store(new Config.Room.Share(1), new Config.Room.Bytes(0)),
                InstantSource.system());
    }

    private Fetcher fetcher(RocksBlobStore store, Transport by, Optional<Ladder> offered) {
        Ladders ladders = (member, digest, sizeBytes) -> offered.map(ladder -> new Ladders.Told(ladder, List.of()));
        return new Fetcher(
                store,
                new Sources(ring, ladders, by, Pace.NONE, new MemoryOrigin()),
                journal,
                new Meters(metrics),
                System::nanoTime);
    }

    private Delivery ask(Fetcher of) throws InterruptedException {
        return of.deliver(new BlobRequest(blob.digest(), ContentKind.BLOB, Optional.empty()));
    }

    private void holder() throws IOException {
        Path file = Files.write(directory.resolve("holder"), blob.bytes());
        transport.serve(
                TestHolders.address(1),
                digest -> Optional.of(new BlobFile(digest, blob.size(), FileChannel.open(file))));
        ring.announce(blob.digest(), TestHolders.member(1), blob.size());
    }

    /** All but the first run arrives; then the life ends. */
    private void firstLife() throws Exception {
        holder();
        CountDownLatch never = new CountDownLatch(1);
        Transport gated = new Transport() {
            @Override
            public String name() {
                return transport.name();
            }

            @Override
            public void read(InetSocketAddress holder, Digest digest, ByteRange range, Landing landing)
                    throws TransferException, InterruptedException {
                if (range.offset() == 0) {
                    never.await();
                }
                transport.read(holder, digest, range, landing);
            }

            @Override
            public void close() {}
        };
        try (RocksBlobStore store = open();
                Fetcher fetcher = fetcher(store, gated, Optional.of(ladder))) {
            Fetch fetch = ((Delivery.Arriving) ask(fetcher)).fetch();
            Await.until("all but the first run", () -> fetch.receivedBytes() == blob.size() - PeerPull.RUN_BYTES);
        }
    }

    @Test
    void theIndexKnowsEachChunkThatWasChecked() throws Exception {
        firstLife();
        try (RocksBlobStore store = open();
                PartialBlob partial = store.receive(blob.digest(), blob.size())) {
            BitSet held = partial.keptProof().orElseThrow().proof().held();
            BitSet present = new BitSet();
            present.set(8, 41);
            assertThat(held).isEqualTo(present);
            assertThat(partial.keptProof().get().proof().ladder()).isEqualTo(ladder);
            assertThat(partial.keptProof().get().own()).isFalse();
        }
    }

    /**
     * A chunk that was checked and then altered behind the daemon's back passes: the only way to see from outside that no byte
     * of it was hashed again.
     */
    @Test
    void noByteOfThemIsHashedAgainWithTheHolderOrWithoutItsLadder() throws Exception {
        for (boolean holderHasLadder : new boolean[] {true, false}) {
            firstLife();
            Path partial =
                    directory.resolve("state/partial").resolve(blob.digest().hex());
            try (RandomAccessFile file = new RandomAccessFile(partial.toFile(), "rw")) {
                for (long chunk = 8; chunk < 41; chunk++) {
                    file.seek(chunk * CHUNK);
                    file.write(blob.bytes()[(int) chunk * CHUNK] ^ 1);
                }
            }
            try (RocksBlobStore store = open();
                    Fetcher fetcher =
                            fetcher(store, transport, holderHasLadder ? Optional.of(ladder) : Optional.empty())) {
                assertThat(FetchFixture.finished(ask(fetcher)).state()).isEqualTo(Fetch.State.PROVEN);
                store.remove(blob.digest());
            }
        }
    }

    /** Whoever claimed a ladder that is not the blob's costs this node only time. */
    @Test
    void aFalseLadderThatWasKeptIsFoundOut() throws Exception {
        holder();
        for (Optional<Ladder> offered : List.of(Optional.<Ladder>empty(), Optional.of(ladder))) {
            leaveAFalseLadder();
            try (RocksBlobStore store = open();
                    Fetcher fetcher = fetcher(store, transport, offered)) {
                assertThat(FetchFixture.finished(ask(fetcher)).state()).isEqualTo(Fetch.State.PROVEN);
                assertThat(store.ladder(blob.digest())).contains(ladder);
                store.remove(blob.digest());
            }
        }
    }

    private void leaveAFalseLadder() throws Exception {
        try (RocksBlobStore store = open()) {
            TestBlob other = TestBlob.of(2, blob.size());
            PartialBlob partial = store.receive(blob.digest(), blob.size());
            for (int chunk = 8; chunk < 20; chunk++) {
                other.deliver(partial, chunk);
            }
            partial.keep(new PartialBlob.KeptProof(
                    new LadderProof(blob.digest(), other.proof().ladder()), false));
            try (BlobFile file = partial.open()) {
                BitSet some = new BitSet();
                some.set(8, 20);
                assertThat(partial.keptProof()
                                .orElseThrow()
                                .proof()
                                .check(file, some)
                                .isEmpty())
                        .isTrue();
            }
            partial.close();
        }
    }
}
