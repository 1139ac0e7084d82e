package ringpull.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final AtomicLong now = new AtomicLong(77 * SECOND);
    private final Pace pace = new Pace(1_000, now::get);

    @Test
    void whoeverComesLaterWaitsForThoseBefore() {
        assertThat(pace.reserve(500)).isZero();
        assertThat(pace.reserve(500)).isEqualTo(SECOND / 2);
        assertThat(pace.reserve(500)).isEqualTo(SECOND);

        now.addAndGet(SECOND);

        assertThat(pace.reserve(500)).isEqualTo(SECOND / 2);
    }

    @Test
    void idleTimeIsKeptForAQuarterOfASecondOnly() {
        now.addAndGet(100 * SECOND);

        assertThat(pace.reserve(250)).isZero();
        assertThat(pace.reserve(500)).isZero();
        assertThat(pace.reserve(1)).isEqualTo(SECOND / 2);
    }

    @Test
    void withoutALimitNobodyWaits() {
        assertThat(Pace.NONE.reserve(Long.MAX_VALUE)).isZero();
        assertThat(Pace.NONE.reserve(Long.MAX_VALUE)).isZero();
        assertThat(Pace.NONE.isLimited()).isFalse();
        assertThat(Pace.NONE.piece(5_000)).isEqualTo(5_000);
        assertThat(pace.piece(5_000)).isEqualTo(250);
    }

    @Test
    void somethingIsDoneWhileOneWaits() throws InterruptedException {
        AtomicLong looks = new AtomicLong();
        pace.take(300, looks::incrementAndGet);
        assertThat(looks).hasValue(0);

        pace.take(1, looks::incrementAndGet); // for 300 ms, by a clock that stands still

        assertThat(looks).hasValue(2);
    }
}
