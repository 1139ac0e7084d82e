package ringpull.swarm.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.ring.MemberId;

class AllowanceTest {
    private static final int BLOB = 64 << 10;
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Allowance allowance = new Allowance();
    private final Random random = new Random(1);

    /** Blobs that one member is told until it is refused. */
    private int taken(MemberId member, int bytes, long now) {
        int taken = 0;
        while (allowance.take(member, bytes, now)) {
            taken++;
        }
        return taken;
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -5, 1L << 61, -(1L << 61)})
    void oneMemberIsToldSoMuchAtOnceAndAsMuchEachSecondAfter(long now) {
        MemberId member = MemberId.random(random);

        assertThat(taken(member, BLOB, now)).isEqualTo(Allowance.MEMBER_BYTES / BLOB);
        assertThat(allowance.isLeft(member, now)).isFalse();
        assertThat(taken(member, BLOB, now + SECOND / 2)).isEqualTo(Allowance.MEMBER_BYTES / BLOB / 2);
        assertThat(taken(member, BLOB, now + 10 * SECOND)).isEqualTo(Allowance.MEMBER_BYTES / BLOB);
        assertThat(allowance.isLeft(MemberId.random(random), now + 10 * SECOND)).isTrue();
    }

    @Test
    void allTogetherAreToldSoMuch() {
        int taken = 0;
        for (int i = 0; i < 10; i++) {
            taken += taken(MemberId.random(random), BLOB, 0);
        }

        assertThat(taken).isEqualTo(Allowance.ALL_BYTES / BLOB);
    }

    @Test
    void theSmallestAnswersCostSomethingToo() {
        assertThat(taken(MemberId.random(random), 0, 0)).isEqualTo(Allowance.MEMBER_BYTES / Allowance.LEAST_BYTES);
    }
}
