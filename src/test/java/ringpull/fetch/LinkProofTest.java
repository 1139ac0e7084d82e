package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
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
import ringpull.store.PartialBlob;
import ringpull.transport.Await;
import ringpull.transport.ChunkSource;
import ringpull.transport.Landing;
import ringpull.transport.Pace;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;
import ringpull.transport.memory.MemoryTransport;

/** Chunks from several holders, proven as they come by the ladder of one of them; and what liars can do about it. */
class LinkProofTest extends FetchFixture {
    private static final int LARGE_BYTES = 24 * Chunk.SIZE_BYTES + 99;

    private final byte[] large = bytes(LARGE_BYTES, 3);
    private final byte[] forged = bytes(LARGE_BYTES, 4);
    private final Digest name = sha256(large);
    private final Map<Member, Ladder> offered = new HashMap<>();
    private final Ladders ladders = (member, digest, sizeBytes) ->
            Optional.ofNullable(offered.get(member)).map(ladder -> new Ladders.Told(ladder, List.of()));
    private final Fetcher pulling = new Fetcher(
            store,
            new Sources(ring, ladders, transport, Pace.NONE, origin),
            journal,
            new Meters(metrics),
            System::nanoTime);

    @AfterEach
    void closePulling() {
        pulling.close();
    }

    @Test
    void aBlobIsProvenByALadderOfTheFirstHolderThatHasOne() throws Exception {
        holder(1, serving(large));
        holder(2, serving(large));
        offered.put(TestHolders.member(2), ladderOf(large));

        assertThat(pull().state()).isEqualTo(Fetch.State.PROVEN);

        assertThat(largeStored()).isEqualTo(large);
        assertThat(store.ladder(name)).contains(ladderOf(large));
        assertThat(count("ringpull.received.bytes", "peer")).isEqualTo(LARGE_BYTES);
    }

    @Test
    void aLiarIsNamedByItsFirstChunkAndNothingOfOthersIsFetchedTwice() throws Exception {
        CountDownLatch contradicted = new CountDownLatch(1);
        holder(1, serving(large));
        holder(2, serving(forged));
        offered.put(TestHolders.member(1), ladderOf(large));
        Transport liarFirst = new Gate(contradicted, TestHolders.address(1));

        try (Fetcher gated = new Fetcher(
                store,
                new Sources(ring, ladders, liarFirst, Pace.NONE, origin),
                journal,
                new Meters(metrics),
                System::nanoTime)) {
            Delivery delivery = gated.deliver(bareLarge());
            awaitNote("fallback", "node-2");
            contradicted.countDown();
            assertThat(finished(delivery).state()).isEqualTo(Fetch.State.PROVEN);
        }

        assertThat(largeStored()).isEqualTo(large);
        assertThat(named()).containsExactly("node-2");
        assertThat(count("ringpull.proof.failures", "peer")).isEqualTo(1);
        // What the liar sent before it was found, and the blob once.
        assertThat(count("ringpull.received.bytes", "peer")).isLessThanOrEqualTo(2.0 * LARGE_BYTES);
        assertThat(journal.of(name)).noneMatch(entry -> entry.detail().startsWith("failed: " + LARGE_BYTES));
    }

    /** Every link of it holds but the last, and the chunks fit it. */
    @Test
    void aForgedLadderWithForgedChunksIsFoundAndTheHonestHolderNotBlamed() throws Exception {
        holder(1, serving(forged));
        holder(2, serving(large));
        offered.put(TestHolders.member(1), ladderOf(forged));
        offered.put(TestHolders.member(2), ladderOf(large));

        assertThat(pull().state()).isEqualTo(Fetch.State.PROVEN);

        assertThat(largeStored()).isEqualTo(large);
        assertThat(named()).doesNotContain("node-2");
    }

    @Test
    void aFalseLadderOverRightBytesCostsItsAuthorTheTrustAndNobodyTheBytes() throws Exception {
        holder(1, serving(large));
        offered.put(TestHolders.member(1), ladderOf(forged));

        assertThat(pull().state()).isEqualTo(Fetch.State.PROVEN);

        assertThat(largeStored()).isEqualTo(large);
        assertThat(named()).containsExactly("node-1");
        assertThat(store.ladder(name)).contains(ladderOf(large));
    }

    @Test
    void whatIsMissingComesFromTheOriginAndIsProvenByTheSameLadder() throws Exception {
        origin.put(REPOSITORY, ContentKind.BLOB, name, "application/x-layer", large);
        holder(1, serving(large));
        offered.put(TestHolders.member(1), ladderOf(large));
        transport.fault(TestHolders.address(1), new MemoryTransport.Fault.BreakAfter(2 << 20));

        Fetch fetch = finished(pulling.deliver(new BlobRequest(name, ContentKind.BLOB, Optional.of(REPOSITORY))));

        assertThat(fetch.state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(largeStored()).isEqualTo(large);
        assertThat(origin.bytesRead()).isBetween(1L, (long) LARGE_BYTES - 1);
        assertThat(named()).isEmpty();
    }

    /** Nothing of what an earlier life hashed is hashed again, and what it only received is proven like the rest. */
    @Test
    void goesOnWithWhatAnEarlierLifeLeft() throws Exception {
        PartialBlob left = store.receive(name, LARGE_BYTES);
        left.write(0, ByteBuffer.wrap(large, 0, 5 * Chunk.SIZE_BYTES));
        left.received(new ByteRange(0, 5L * Chunk.SIZE_BYTES));
        new Proof(name, left.rungs()).update(ByteBuffer.wrap(large, 0, 3 * Chunk.SIZE_BYTES));
        left.close();
        holder(1, serving(large));
        offered.put(TestHolders.member(1), ladderOf(large));

        assertThat(pull().state()).isEqualTo(Fetch.State.PROVEN);

        assertThat(largeStored()).isEqualTo(large);
        assertThat(count("ringpull.received.bytes", "peer")).isEqualTo(LARGE_BYTES - 5L * Chunk.SIZE_BYTES);
    }

    @Test
    void aWrongChunkThatAnEarlierLifeLeftIsBlamedOnNobody() throws Exception {
        PartialBlob left = store.receive(name, LARGE_BYTES);
        left.write(0, ByteBuffer.wrap(forged, 0, 2 * Chunk.SIZE_BYTES));
        left.received(new ByteRange(0, 2L * Chunk.SIZE_BYTES));
        left.close();
        holder(1, serving(large));
        offered.put(TestHolders.member(1), ladderOf(large));

        assertThat(pull().state()).isEqualTo(Fetch.State.PROVEN);

        assertThat(largeStored()).isEqualTo(large);
        assertThat(named()).isEmpty();
    }

    private Fetch pull() throws InterruptedException {
        return finished(pulling.deliver(bareLarge()));
    }

    private BlobRequest bareLarge() {
        return new BlobRequest(name, ContentKind.BLOB, Optional.empty());
    }

    private void holder(int number, ChunkSource source) {
        transport.serve(TestHolders.address(number), source);
        ring.announce(name, TestHolders.member(number), LARGE_BYTES);
    }

    private ChunkSource serving(byte[] bytes) throws IOException {
        Path file = Files.write(Files.createTempFile(directory, "holder", ""), bytes);
        return digest -> Optional.of(new BlobFile(digest, bytes.length, FileChannel.open(file)));
    }

    /** Lets nothing come from one holder before something has happened. */
    private final class Gate implements Transport {
        private final CountDownLatch event;
        private final InetSocketAddress gated;

        Gate(CountDownLatch event, InetSocketAddress gated) {
            this.event = event;
            this.gated = gated;
        }

        @Override
        public String name() {
            return transport.name();
        }

        @Override
        public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing)
                throws TransferException, InterruptedException {
            if (holder.equals(gated)) {
                assertThat(event.await(60, TimeUnit.SECONDS)).isTrue();
            }
            transport.read(holder, blob, range, landing);
        }

        @Override
        public void close() {}
    }

    private void awaitNote(String event, String source) throws InterruptedException {
        Await.until(
                event + " of " + source,
                () -> journal.of(name).stream()
                        .anyMatch(e -> e.event().equals(event) && e.source().equals(source)));
    }

    /** Whom the journal says to have sent something false. */
    private List<String> named() {
        return journal.of(name).stream()
                .filter(entry -> entry.event().equals("proof") && entry.detail().contains("it sent other bytes"))
                .map(Journal.Entry::source)
                .toList();
    }

    private byte[] largeStored() throws IOException {
        try (BlobFile file = store.open(name).orElseThrow()) {
            ByteBuffer all = ByteBuffer.allocate((int) file.sizeBytes());
            while (all.hasRemaining()) {
                assertThat(file.channel().read(all, all.position())).isPositive();
            }
            return all.array();
        }
    }

    private static Ladder ladderOf(byte[] bytes) throws Exception {
        Proof proof = new Proof(sha256(bytes));
        proof.update(ByteBuffer.wrap(bytes));
        return proof.finish().ladder();
    }

    private static Digest sha256(byte[] bytes) {
        try {
            return Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
