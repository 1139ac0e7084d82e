package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import ringpull.ring.Address;

class SilenceTest {
    private final AtomicLong clock = new AtomicLong(-7);
    private final Silence silence = new Silence(clock::get);
    private final Address port = new Address("10.0.0.1", 7746);

    @Test
    void isRememberedForAWhileAndOfThatPortAlone() {
        assertThat(silence.is(port)).isFalse();
        silence.begins(port);
        clock.addAndGet(Silence.REMEMBERED_NANOS - 1);
        assertThat(silence.is(port)).isTrue();
        assertThat(silence.is(new Address("10.0.0.1", 7747))).isFalse();
        clock.addAndGet(1);
        assertThat(silence.is(port)).isFalse();
    }

    @Test
    void isRememberedOfSoManyPortsAtMost() {
        silence.begins(port);
        for (int i = 0; i < Silence.PORTS; i++) {
            silence.begins(new Address("10.0.0.2", 1 + i));
        }
        assertThat(silence.is(port)).isFalse();
        assertThat(silence.is(new Address("10.0.0.2", Silence.PORTS))).isTrue();
    }
}
