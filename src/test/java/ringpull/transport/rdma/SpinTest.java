package ringpull.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class SpinTest {
    @Test
    void itIsShorterWhereItFindsNothingAndLongerWhereItPays() {
        Spin spin = new Spin(Duration.ofNanos(6400));
        assertThat(spin.nanos()).isEqualTo(6400);
        for (long expected : new long[] {3200, 1600, 800, 400, 200, 100, 100}) {
            spin.foundNothing();
            assertThat(spin.nanos()).isEqualTo(expected);
        }
        for (long expected : new long[] {200, 400, 800, 1600, 3200, 6400, 6400}) {
            spin.found();
            assertThat(spin.nanos()).isEqualTo(expected);
        }
    }

    @Test
    void whereItIsNotWantedItNeverBegins() {
        Spin spin = new Spin(Duration.ZERO);
        spin.found();
        assertThat(spin.nanos()).isZero();
        spin.foundNothing();
        assertThat(spin.nanos()).isZero();
    }
}
