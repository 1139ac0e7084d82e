package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import ringpull.blame.Reputation;
import ringpull.blame.Sentence;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.Proof;
import ringpull.metrics.Meters;
import ringpull.ring.Ladders;
import ringpull.ring.Member;
import ringpull.store.TestBlob;
import ringpull.store.memory.MemoryBlobStore;
import ringpull.transport.Landing;
import ringpull.transport.Pace;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;

/** A holder whose bytes are changed on the way: the path is to blame, and the holder only if it fails over TLS, too. */
class PlainPathTest extends FetchFixture {
    private static final int CHUNKS = 20;

    private final TestBlob blob = TestBlob.of(5, CHUNKS * Chunk.SIZE_BYTES);
    private final Reputation reputation = Reputation.inMemory(InstantSource.system());
    private final AtomicInteger overTls = new AtomicInteger();

    /** Flips a bit of the fourth chunk. */
    private final class BadPath implements Transport {
        @Override
        public String name() {
            return "bad path";
        }

        @Override
        public void read(InetSocketAddress holder, Digest wanted, ByteRange range, Landing landing)
                throws TransferException, InterruptedException {
            long bad = 3L * Chunk.SIZE_BYTES + 1;
            transport.read(holder, wanted, range, (offset, bytes) -> {
                ByteBuffer copy =
                        ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
                if (offset <= bad && bad < offset + copy.limit()) {
                    int at = (int) (bad - offset);
                    copy.put(at, (byte) (copy.get(at) ^ 1));
                }
                landing.write(offset, copy);
            });
        }

        @Override
        public void close() {}
    }

    private Fetch pull(UnaryOperator<byte[]> tls) throws Exception {
        MemoryBlobStore theirs = MemoryBlobStore.create();
        toClose.add(theirs);
        blob.store(theirs);
        transport.serve(TestHolders.address(1), theirs::open);
        ring.announce(blob.digest(), TestHolders.member(1), blob.size());
        Proof proof = new Proof(blob.digest());
        proof.update(ByteBuffer.wrap(blob.bytes()));
        Ladder ladder = proof.finish().ladder();
        SecondReading second = new SecondReading() {
            @Override
            public boolean isPlain(Member member) {
                return true;
            }

            @Override
            public Optional<byte[]> read(Member member, Digest digest, int chunk) {
                overTls.incrementAndGet();
                ByteRange range = Chunk.range(chunk, blob.size());
                return Optional.of(
                        tls.apply(Arrays.copyOfRange(blob.bytes(), (int) range.offset(), (int) range.end())));
            }
        };
        Fetcher pulling = new Fetcher(
                store,
                new Sources(
                        ring,
                        (member, digest, sizeBytes) -> Optional.of(new Ladders.Told(ladder, List.of())),
                        new BadPath(),
                        Pace.NONE,
                        origin),
                new SwarmPulls(store),
                reputation,
                second,
                true,
                journal,
                new Meters(metrics),
                System::nanoTime);
        toClose.add(pulling);
        return finished(pulling.deliver(new BlobRequest(blob.digest(), ContentKind.BLOB, Optional.empty())));
    }

    @Test
    void aChunkThatComesRightOverTlsLowersThePathAndCostsNothingElse() throws Exception {
        Fetch fetch = pull(right -> right);

        assertThat(fetch.state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(overTls).hasValue(1);
        assertThat(count("ringpull.received.bytes", "peer")).isEqualTo(blob.size());
        assertThat(reputation.sentences()).singleElement().satisfies(sentence -> {
            assertThat(sentence.kind()).isEqualTo(Sentence.Kind.LOWERED);
            assertThat(sentence.reason()).endsWith("the path is bad");
        });
        assertThat(journal.of(blob.digest()))
                .extracting(Journal.Entry::detail)
                .contains("chunk 3 came wrong, and over TLS right");
        assertThat(metrics.find("ringpull.proof.failures").counters()).isEmpty();
    }

    @Test
    void aMemberThatFailsOverTlsTooIsAtFault() throws Exception {
        Fetch fetch = pull(right -> {
            right[0] ^= 1;
            return right;
        });

        assertThat(fetch.state()).as("nobody else has it").isEqualTo(Fetch.State.FAILED);
        assertThat(overTls.get()).isPositive();
        assertThat(store.find(blob.digest())).isEmpty();
        assertThat(journal.of(blob.digest()))
                .extracting(Journal.Entry::detail)
                .contains("chunk 3 came wrong, and over TLS wrong again");
    }
}
