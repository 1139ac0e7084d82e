package ringpull.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the JDK's sets, over the borders of words and of words of words. */
class ChunkBitsTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 65, 4_095, 4_096, 4_097, 9_001})
    void agreesWithBitSet(int size) {
        Random random = new Random(size);
        ChunkBits has = new ChunkBits(size);
        ChunkBits taken = new ChunkBits(size);
        BitSet hasToo = new BitSet();
        BitSet takenToo = new BitSet();
        for (int i = 0; i < 4_000; i++) {
            int chunk = random.nextInt(size);
            boolean dense = i % 3 == 0;
            Run run = new Run(chunk, Math.min(size, chunk + 1 + random.nextInt(dense ? 300 : 2)));
            if (random.nextBoolean()) {
                has.setAll(run);
                hasToo.set(run.first(), run.end());
                taken.setAll(run);
                takenToo.set(run.first(), run.end());
            } else {
                taken.clear(chunk);
                takenToo.clear(chunk);
            }
            if (random.nextInt(5) == 0) {
                has.clear(chunk);
                hasToo.clear(chunk);
            }
            int from = random.nextInt(size);
            BitSet wanted = (BitSet) hasToo.clone();
            wanted.andNot(takenToo);
            assertThat(has.nextWithout(taken, from)).as("at step %d", i).isEqualTo(wanted.nextSetBit(from));
            assertThat(has.count()).isEqualTo(hasToo.cardinality());
        }
    }
}
