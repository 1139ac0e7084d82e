package ringpull.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RailChoiceTest {
    private static final int CHUNKS = 1000;

    /** How many of the chunks from this one on each of so many rails gets. */
    private static long[] shares(RailChoice choice, int rails, long first) {
        long[] shares = new long[rails];
        LongStream.range(first, first + CHUNKS).forEach(chunk -> shares[choice.of(chunk)]++);
        return shares;
    }

    @Test
    void equalRailsGetTheSameOfEveryStretch() {
        for (int rails = 1; rails <= 8; rails++) {
            int[] mbit = new int[rails];
            for (long first : new long[] {0, 77, 1L << 40}) {
                for (long share : shares(new RailChoice(mbit), rails, first)) {
                    assertThat((double) share)
                            .as("of %d rails, from chunk %d", rails, first)
                            .isCloseTo(CHUNKS / (double) rails, within(6.0));
                }
            }
        }
    }

    @Test
    void aFasterLinkGetsMore() {
        long[] shares = shares(new RailChoice(400_000, 100_000, 100_000), 3, 5);

        assertThat(shares[0]).isBetween(660L, 674L);
        assertThat(shares[1]).isBetween(160L, 174L);
        assertThat(shares[2]).isBetween(160L, 174L);
    }

    @Test
    void ofRatesThatAreNotAllKnownNothingIsSaid() {
        assertThat(shares(new RailChoice(400_000, 0), 2, 0)[0]).isBetween(490L, 510L);
    }
}
