package ringpull.ring;

import java.util.HexFormat;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Who a member is, whatever its address: 16 bytes that follow from its certificate, or where there is none are made at
 * random at the first start and kept in the state directory.
 *
 * @param hex 32 lower-case hex digits
 */
public record MemberId(String hex) implements Comparable<MemberId> {
    public MemberId {
        if (hex.length() != 32 || !hex.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            throw new IllegalArgumentException("a member id has 32 lower-case hex digits");
        }
    }

    public static MemberId random(RandomGenerator random) {
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
        return new MemberId(HexFormat.of().formatHex(bytes));
    }

    /** Written out: the one that the compiler makes costs a large ring a fifth of its time. */
    @Override
    public boolean equals(@Nullable Object o) {
        return o == this || (o instanceof MemberId other && hex.equals(other.hex));
    }

    @Override
    public int hashCode() {
        return hex.hashCode();
    }

    @Override
    public int compareTo(MemberId o) {
        return hex.compareTo(o.hex);
    }

    @Override
    public String toString() {
        return hex.substring(0, 8);
    }
}
