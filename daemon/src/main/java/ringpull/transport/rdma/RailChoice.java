package ringpull.transport.rdma;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Which rail a chunk comes by: each has a share of all chunks like its link's of all rates, in any stretch of a blob. By the
 * fractional parts of the multiples of the golden ratio, which fill the unit interval evenly (Weyl).
 */
final class RailChoice {
    /** 2^32 divided by the golden ratio. */
    private static final long STEP = 0x9E37_79B9L;

    private final long[] ends;

    /** @param mbit each rail's rate; if one is unknown, which 0 says, all have the same share */
    RailChoice(int... mbit) {
        boolean known = Arrays.stream(mbit).allMatch(rate -> rate > 0);
        ends = Arrays.stream(mbit).mapToLong(rate -> known ? rate : 1).toArray();
        Arrays.parallelPrefix(ends, Long::sum);
    }

    /** @param chunk its number in the blob */
    int of(long chunk) {
        long fraction = (chunk * STEP) & 0xFFFF_FFFFL;
        long at = (fraction * ends[ends.length - 1]) >>> Integer.SIZE;
        return IntStream.range(0, ends.length)
                .filter(rail -> at < ends[rail])
                .findFirst()
                .orElseThrow();
    }
}
