package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import ringpull.demo.NodeProcess;
import ringpull.transport.rdma.Fabric;

/** A fabric that swallows everything for a while. The device must be soft iWARP's. */
@EnabledIfEnvironmentVariable(named = Fabric.VARIABLE, matches = ".+", disabledReason = "there is no RDMA device here")
class RdmaCableTest extends RdmaRing {
    @Test
    void tcpTakesOverWhenTheCableIsPulledAndRdmaComesBack() throws Exception {
        patience = "15 s"; // a guest on a busy machine stands still for seconds
        byte[] before = blob(1, 2 << 20);
        byte[] blob = blob(2, (24 << 20) + 5);
        NodeProcess first = node(1);
        NodeProcess second = node(2);
        for (byte[] each : new byte[][] {before, blob}) {
            assertThat(pull(first, each, true)).isEqualTo(each);
            awaitHolder(second, first, each);
        }
        origin.clear();
        assertThat(pull(second, before, false)).isEqualTo(before);
        assertThat(overRdma(second)).isEqualTo(before.length);

        cable(false);

        assertThat(pull(second, blob, false)).isEqualTo(blob);
        assertThat(overTcp(second)).isPositive();
        // What was on its way when the cable went; what came after was not tried in vain.
        assertThat(fallbacks(second)).isBetween(1L, 3L);
        assertThat(overRdma(second) + overTcp(second)).isEqualTo(before.length + blob.length);

        cable(true);
        second.await("RDMA again", CEILING, () -> {
            byte[] more = blob(System.nanoTime(), 2 << 20);
            pull(first, more, true);
            awaitHolder(second, first, more);
            long until = overRdma(second);
            pull(second, more, false);
            return overRdma(second) - until == more.length;
        });
    }
}
