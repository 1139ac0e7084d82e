package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blame.Reputation;
import ringpull.blame.Sentence;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.Proof;
import ringpull.metrics.Meters;
import ringpull.ring.Ladders;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.transport.Await;
import ringpull.transport.Landing;
import ringpull.transport.Pace;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;

/** Which bytes leave before the whole is proven, and that no liar alone changes one of them. */
class EarlyHandoffTest extends FetchFixture {
    private static final int LARGE_BYTES = 24 * Chunk.SIZE_BYTES + 99;

    private final byte[] large = bytes(LARGE_BYTES, 3);
    private final byte[] forged = bytes(LARGE_BYTES, 4);
    private final Digest name = sha256(large);
    private final Map<MemberId, Ladder> offered = new HashMap<>();
    private final List<Digest> wrong = new CopyOnWriteArrayList<>();

    /** Members that were asked for their ladder. */
    private final Set<MemberId> asked = ConcurrentHashMap.newKeySet();

    /** The last run comes from nobody before this is open. */
    private final CountDownLatch lastRun = new CountDownLatch(1);

    private boolean certified = true;

    private final Ladders ladders = (member, digest, sizeBytes) -> {
        asked.add(member.id());
        return Optional.ofNullable(offered.get(member.id()))
                .map(ladder -> certified ? TestHolders.signed(member, ladder) : new Ladders.Told(ladder, List.of()));
    };

    private final Reputation reputation = Reputation.inMemory(InstantSource.system());

    private Fetcher pulling = pulling(true);

    private Fetcher pulling(boolean early) {
        Fetcher made = new Fetcher(
                store,
                new Sources(ring, ladders, new LateEnd(), Pace.NONE, origin),
                new SwarmPulls(store),
                reputation,
                SecondReading.NONE,
                early,
                journal,
                new Meters(metrics),
                System::nanoTime);
        made.onWrongBytes(wrong::add);
        return made;
    }

    @AfterEach
    void closePulling() {
        lastRun.countDown();
        pulling.close();
    }

    @Test
    void whatTwoHostsSayAlikeLeavesBeforeTheWholeIsProvenButTheLastChunk() throws Exception {
        holder(member(1), large, large);
        holder(member(2), large, large);

        Fetch fetch = arriving(pulling);
        Await.until("two runs may leave", () -> fetch.releasedEnd(0) == 16L << 20);

        assertThat(fetch.state()).isEqualTo(Fetch.State.RUNNING);
        assertThat(read(fetch, 16 << 20)).isEqualTo(Arrays.copyOf(large, 16 << 20));
        lastRun.countDown();
        finished(fetch);
        assertThat(fetch.state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(fetch.releasedEnd(0)).isEqualTo(LARGE_BYTES);
        assertThat(wrong).isEmpty();
    }

    @Test
    void twoMembersOnOneHostAreOne() throws Exception {
        holder(member(1), large, large);
        Member neighbour = at(2, "10.0.0.9", "::ffff:127.0.0.1");
        holder(neighbour, large, large);

        assertNothingLeavesEarly(pulling);
    }

    @Test
    void withoutCertificatesNobodyKnowsWhoSaidIt() throws Exception {
        certified = false;
        holder(member(1), large, large);
        holder(member(2), large, large);

        assertNothingLeavesEarly(pulling);
    }

    @Test
    void oneHoldersWordIsNotEnough() throws Exception {
        holder(member(1), large, large);

        assertNothingLeavesEarly(pulling);
    }

    @Test
    void whereTheConfigurationSaysSoNothingLeavesEarly() throws Exception {
        pulling.close();
        pulling = pulling(false);
        holder(member(1), large, large);
        holder(member(2), large, large);

        assertNothingLeavesEarly(pulling);
    }

    /** Whoever is asked first. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aForgedLadderOfOneMakesNoWrongByteLeave(boolean liarFirst) throws Exception {
        Member liar = member(liarFirst ? 1 : 3);
        if (liarFirst) {
            holder(liar, forged, forged);
        }
        holder(member(2), large, large);
        if (!liarFirst) {
            holder(liar, forged, forged);
            holder(member(4), large, large);
        }
        Fetch fetch = arriving(pulling);
        Watch watch = new Watch(fetch);
        // The author is heard before anything is read, and a witness before the next one is asked.
        Await.until(
                "the liar to have said something",
                () -> asked.contains(member(liarFirst ? 1 : 4).id()));
        lastRun.countDown();
        finished(fetch);

        assertThat(fetch.state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(watch.wrongBytes()).isFalse();
        assertThat(wrong).isEmpty();
        assertThat(quarantined()).contains(liar.id()).doesNotContain(member(2).id());
    }

    @Test
    void aRungThatOnlyOneSaysHoldsBackItsTwoChunks() throws Exception {
        Ladder honest = ladderOf(large);
        List<byte[]> pages = honest.pages(0);
        pages.getFirst()[5 * 32] ^= 1; // the value before chunk 6
        Member careless = member(2);
        holder(member(1), large, large);
        holder(careless, large, large);
        offered.put(careless.id(), new Ladder(LARGE_BYTES, pages));

        Fetch fetch = arriving(pulling);
        Await.until("what both say may leave", () -> fetch.releasedEnd(0) == 5L << 20);
        Await.until("also behind it", () -> fetch.releasedEnd(7L << 20) == 16L << 20);
        assertThat(fetch.releasedEnd(5L << 20)).isEqualTo(5L << 20);
        assertThat(fetch.releasedEnd(6L << 20)).isEqualTo(6L << 20);
        lastRun.countDown();
        finished(fetch);
        assertThat(fetch.state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(quarantined()).containsExactly(careless.id());
    }

    /** Two that collude: found at the end, before the last chunk leaves; told; shut out; and never believed early again. */
    @Test
    void twoColludersAreFoundBeforeTheLastChunkAndTheOriginSavesTheNextFetch() throws Exception {
        origin.put(REPOSITORY, ContentKind.BLOB, name, "application/x-layer", large);
        holder(member(1), forged, forged);
        holder(member(2), forged, forged);

        Fetch fetch = arriving(pulling);
        Await.until("wrong bytes may leave", () -> fetch.releasedEnd(0) == 16L << 20);
        assertThat(fetch.handOff()).isTrue();
        lastRun.countDown();
        finished(fetch);

        assertThat(fetch.state()).isEqualTo(Fetch.State.FAILED);
        assertThat(fetch.failureReason()).isEqualTo("unproven");
        assertThat(fetch.handOff()).isFalse();
        assertThat(fetch.releasedEnd(0)).isZero();
        assertThat(wrong).containsExactly(name);
        assertThat(store.partials()).isEmpty();
        assertThat(journal.of(name)).anyMatch(entry -> entry.event().equals("poisoned"));

        Fetch second = arriving(pulling);
        Watch watch = new Watch(second);
        finished(second);
        assertThat(second.state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(watch.wrongBytes()).isFalse();
        assertThat(wrong).hasSize(1);
        assertThat(quarantined())
                .as("what they signed is known to be false, now that the blob is proven")
                .containsExactlyInAnyOrder(member(1).id(), member(2).id());
    }

    @Test
    void collusionThatNoClientHasBytesOfEndsLikeAnyLie() throws Exception {
        origin.put(REPOSITORY, ContentKind.BLOB, name, "application/x-layer", large);
        holder(member(1), forged, forged);
        holder(member(2), forged, forged);
        lastRun.countDown();

        Fetch fetch = arriving(pulling);
        finished(fetch);

        assertThat(fetch.state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(fetch.handOff())
                .as("proven bytes leave, whatever was refuted before")
                .isTrue();
        assertThat(wrong).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anAuthenticOriginsChunksLeaveAndAnUnauthenticOnesDoNot(boolean authentic) throws Exception {
        origin.put(REPOSITORY, ContentKind.BLOB, name, "application/x-layer", large);
        origin.authentic(authentic);
        origin.holdFrom(10L << 20);
        Fetch fetch = arriving(pulling);
        Await.until("ten chunks are here", () -> fetch.receivedBytes() == 10L << 20);
        // What arrived is counted before it may leave.
        Await.until("what may leave does", () -> fetch.releasedEnd(0) == (authentic ? 10L << 20 : 0));
        origin.holdFrom(Long.MAX_VALUE);
        finished(fetch);
        assertThat(fetch.state()).isEqualTo(Fetch.State.PROVEN);
    }

    private List<MemberId> quarantined() {
        return reputation.sentences().stream()
                .filter(sentence -> sentence.kind() == Sentence.Kind.QUARANTINED)
                .map(Sentence::member)
                .toList();
    }

    private void assertNothingLeavesEarly(Fetcher with) throws Exception {
        Fetch fetch = arriving(with);
        Await.until("two runs are here", () -> fetch.receivedBytes() >= 16L << 20);
        Watch watch = new Watch(fetch);
        assertThat(fetch.releasedEnd(0)).isZero();
        lastRun.countDown();
        finished(fetch);
        assertThat(fetch.state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(watch.partly()).isFalse();
    }

    /** Looks after each change at what may leave. */
    private final class Watch {
        private final Fetch fetch;
        private volatile boolean wrongBytes;
        private volatile boolean partly;

        Watch(Fetch fetch) {
            this.fetch = fetch;
            var _ = fetch.onChange(this::look);
        }

        private void look() {
            long end = fetch.releasedEnd(0);
            partly |= end > 0 && end < LARGE_BYTES;
            try {
                wrongBytes |= !Arrays.equals(read(fetch, (int) end), Arrays.copyOf(large, (int) end));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        boolean wrongBytes() {
            return wrongBytes;
        }

        boolean partly() {
            return partly;
        }
    }

    private static byte[] read(Fetch fetch, int end) throws IOException {
        if (end == 0) {
            return new byte[0];
        }
        try (BlobFile file = fetch.open()) {
            ByteBuffer all = ByteBuffer.allocate(end);
            while (all.hasRemaining()) {
                assertThat(file.channel().read(all, all.position())).isPositive();
            }
            return all.array();
        }
    }

    private Fetch arriving(Fetcher from) throws InterruptedException {
        return ((Delivery.Arriving) from.deliver(request(name))).fetch();
    }

    private static BlobRequest request(Digest digest) {
        return new BlobRequest(digest, ContentKind.BLOB, Optional.of(REPOSITORY));
    }

    private static void finished(Fetch fetch) throws InterruptedException {
        finished(new Delivery.Arriving(fetch));
    }

    private static Member member(int number) {
        return TestHolders.member(number);
    }

    private static Member at(int number, String first, String more) {
        Member like = TestHolders.member(number);
        return new Member(
                like.id(), 1, like.name(), List.of(first, more), 7746, like.dataPort(), "", "", List.of("memory"));
    }

    private void holder(Member member, byte[] serves, byte[] ladder) throws Exception {
        Path file = Files.write(Files.createTempFile(directory, "holder", ""), serves);
        transport.serve(
                new InetSocketAddress(member.addresses().getFirst(), member.dataPort()),
                digest -> Optional.of(new BlobFile(digest, serves.length, FileChannel.open(file))));
        ring.announce(name, member, LARGE_BYTES);
        offered.put(member.id(), ladderOf(ladder));
    }

    /** Nothing of the last run comes before it may. */
    private final class LateEnd implements Transport {
        @Override
        public String name() {
            return transport.name();
        }

        @Override
        public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing)
                throws TransferException, InterruptedException {
            if (range.end() > 16L << 20) {
                lastRun.await();
            }
            transport.read(holder, blob, range, landing);
        }

        @Override
        public void close() {}
    }

    private static Ladder ladderOf(byte[] bytes) throws Exception {
        Proof proof = new Proof(sha256(bytes));
        proof.update(ByteBuffer.wrap(bytes));
        return proof.finish().ladder();
    }

    private static Digest sha256(byte[] bytes) {
        try {
            return Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
