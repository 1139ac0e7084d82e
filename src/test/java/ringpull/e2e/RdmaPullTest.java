package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import ringpull.demo.NodeProcess;
import ringpull.transport.rdma.Fabric;

/** Pulls over RDMA, and a holder that dies in one. */
@EnabledIfEnvironmentVariable(named = Fabric.VARIABLE, matches = ".+", disabledReason = "there is no RDMA device here")
class RdmaPullTest extends RdmaRing {
    @Test
    void pullsFromOneHolderAndFromTwoComeEntirelyOverRdma() throws Exception {
        byte[] blob = blob(2, (24 << 20) + 1);
        NodeProcess first = node(1);
        NodeProcess second = node(2);
        NodeProcess third = node(3);
        assertThat(pull(first, blob, true)).isEqualTo(blob);
        awaitHolder(second, first, blob);
        origin.clear();
        assertThat(pull(second, blob, false)).isEqualTo(blob);
        assertThat(overRdma(second)).isEqualTo(blob.length);
        assertThat(overTcp(second)).isZero();
        assertThat(fallbacks(second)).isZero();
        first.await("all returned", CEILING, () -> servedOverRdma(first) == blob.length);
        awaitHolder(third, first, blob);
        awaitHolder(third, second, blob);

        assertThat(pull(third, blob, false)).isEqualTo(blob);

        assertThat(overRdma(third)).isEqualTo(blob.length);
        assertThat(overTcp(third)).isZero();
        assertThat(servedOverRdma(first)).isGreaterThan(blob.length);
        assertThat(servedOverRdma(second)).isPositive();
    }

    private static double servedOverRdma(NodeProcess holder) throws IOException, InterruptedException {
        return holder.metric("ringpull_transport_served_bytes_total", Map.of("transport", "rdma"));
    }

    /** The holder dies while its memory is being read; the rest comes from the origin. */
    @Test
    void aHolderThatIsKilledCostsNothingButTime() throws Exception {
        patience = "15 s"; // a guest on a busy machine stands still for seconds
        byte[] blob = blob(5, 24 << 20);
        NodeProcess first = node(1);
        NodeProcess second = node(2);
        assertThat(pull(first, blob, true)).isEqualTo(blob);
        awaitHolder(second, first, blob);

        CompletableFuture<byte[]> pulled = client.sendAsync(
                        request(second, blob, true), HttpResponse.BodyHandlers.ofByteArray())
                .thenApply(HttpResponse::body);
        second.await("the first bytes", CEILING, () -> overRdma(second) > 0);
        ProcessHandle.of(first.pid()).ifPresent(ProcessHandle::destroyForcibly);

        assertThat(pulled.get(CEILING.toSeconds(), TimeUnit.SECONDS)).isEqualTo(blob);
        assertThat(overRdma(second)).isBetween(1L, (long) blob.length);
    }
}
