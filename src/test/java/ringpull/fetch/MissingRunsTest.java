package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.memory.MemoryBlobStore;

/** In which order absent bytes are asked for. */
class MissingRunsTest {
    private static final Digest DIGEST = Digest.parse("sha256:" + "ab".repeat(32));
    private static final int CHUNK = Chunk.SIZE_BYTES;

    private final AtomicLong wanted = new AtomicLong();

    private List<ByteRange> taken(long sizeBytes, int present) throws Exception {
        try (MemoryBlobStore store = MemoryBlobStore.create();
                PartialBlob partial = store.receive(DIGEST, sizeBytes)) {
            partial.received(Chunk.range(present, sizeBytes));
            MissingRuns runs = new MissingRuns(partial, 4L * CHUNK, wanted::get);
            List<ByteRange> all = new ArrayList<>();
            for (Optional<ByteRange> run = runs.take(); run.isPresent(); run = runs.take()) {
                all.add(run.get());
            }
            return all;
        } catch (StoreFull e) {
            throw new AssertionError(e);
        }
    }

    private static ByteRange chunks(int first, int end) {
        return new ByteRange((long) first * CHUNK, (long) (end - first) * CHUNK);
    }

    @Test
    void fromTheFrontWhereNobodyWaits() throws Exception {
        assertThat(taken(10L * CHUNK, 5)).containsExactly(chunks(0, 4), chunks(4, 5), chunks(6, 10));
    }

    @Test
    void firstWhatAClientWaitsForFromItsOwnChunkOnAndThenTheRest() throws Exception {
        wanted.set(7L * CHUNK + 5);
        assertThat(taken(10L * CHUNK, 5))
                .startsWith(chunks(7, 10))
                .containsExactlyInAnyOrder(chunks(7, 10), chunks(0, 4), chunks(4, 5), chunks(6, 7));
    }

    @Test
    void whatIsThereAlreadyIsPassedOver() throws Exception {
        wanted.set(5L * CHUNK);
        assertThat(taken(10L * CHUNK, 5)).startsWith(chunks(6, 10));
        wanted.set(100L * CHUNK);
        assertThat(taken(10L * CHUNK, 5)).startsWith(chunks(0, 4));
    }
}
