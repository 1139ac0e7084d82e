package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/** {@code [limits]} of daemons holds against the clock. How fast a daemon is below its limit is not asked. */
@NeedsPrograms("docker-registry")
class LimitsTest extends ClusterFixture {
    private static final long LIMIT = 8L * MIB;

    /** What passes beyond the limit: what was not taken in the quarter of a second before, and the run of chunks under way. */
    private static final long BEYOND = LIMIT / 2 + 8L * MIB;

    private interface Counter {
        long bytes() throws IOException, InterruptedException;
    }

    private NodeConfig limited(String name) {
        String limits = switch (name) {
            case "n1" -> "[limits]\norigin = \"8 MiB\"\nupload = \"8 MiB\"";
            case "n4" -> "[limits]\ndownload = \"8 MiB\"";
            default -> "";
        };
        return cluster.config(name).more(limits);
    }

    @Test
    void noLimitIsExceeded() throws IOException, InterruptedException {
        SampleImage image = cluster.push(List.of(new Layer(24 * MIB, Compression.NONE)));
        SampleImage.Blob layer = image.platforms().getFirst().layers().getFirst();
        List<NodeProcess> nodes = cluster.ring(4, this::limited);
        NodeProcess holder = nodes.getFirst();
        NodeProcess one = nodes.get(1);
        NodeProcess other = nodes.get(2);
        NodeProcess last = nodes.getLast();

        watch("from the registry", () -> Cluster.fromOrigin(holder), () -> cluster.fetch(holder, layer.digest()));

        Cluster.awaitHolder(one, holder, List.of(layer));
        Cluster.awaitHolder(other, holder, List.of(layer));
        watch("to members", () -> Cluster.toPeers(holder), () -> {
            Future<Long> first = cluster.inBackground(() -> cluster.fetch(one, layer.digest()));
            Future<Long> second = cluster.inBackground(() -> cluster.fetch(other, layer.digest()));
            return Math.min(Cluster.outcomeOf(first), Cluster.outcomeOf(second));
        });

        for (NodeProcess node : List.of(holder, one, other)) {
            Cluster.awaitHolder(last, node, List.of(layer));
        }
        watch("from members", () -> Cluster.fromPeers(last), () -> cluster.fetch(last, layer.digest()));
        assertThat(Cluster.fromOrigin(last)).isZero();
    }

    /** While it goes on, no more bytes than the limit allows; in the end one blob's at least. */
    private void watch(String what, Counter counter, Callable<Long> transfer) throws IOException, InterruptedException {
        long before = counter.bytes();
        long start = System.nanoTime();
        Future<Long> running = cluster.inBackground(transfer);
        Cluster.await("bytes " + what, () -> {
            boolean over = running.isDone();
            long bytes = counter.bytes() - before;
            double seconds = (System.nanoTime() - start) / 1e9;
            assertThat((double) bytes)
                    .as("bytes %s in %.2f s", what, seconds)
                    .isLessThanOrEqualTo(LIMIT * seconds + BEYOND);
            return over;
        });
        assertThat(counter.bytes() - before).isGreaterThanOrEqualTo(Cluster.outcomeOf(running));
    }
}
