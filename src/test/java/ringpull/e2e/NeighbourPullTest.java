package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.IMAGE;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.demo.Containerd;
import ringpull.demo.NodeProcess;
import ringpull.demo.Programs;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/** Real containerds, each at a daemon of its own: what one has pulled, the others take from it. */
@NeedsRoot
@NeedsPrograms({"containerd", "ctr", "docker-registry"})
class NeighbourPullTest extends ClusterFixture {
    /** The largest layer: 64 MiB, and 300 MiB where the environment's RINGPULL_TEST_SCALE is 10 or more. */
    private static long largeBytes() {
        int scale = Optional.ofNullable(System.getenv("RINGPULL_TEST_SCALE"))
                .map(Integer::parseInt)
                .orElse(1);
        return (long) MIB * Math.clamp(64L * scale, 64, 300);
    }

    @Test
    void whatANeighbourHoldsCostsTheRegistryNothing() throws IOException, InterruptedException {
        SampleImage image = cluster.push(List.of(
                new Layer(10, Compression.ZSTD),
                new Layer(1024, Compression.NONE),
                new Layer(MIB, Compression.NONE),
                new Layer(3 * MIB + 1, Compression.ZSTD),
                new Layer(largeBytes(), Compression.GZIP)));
        SampleImage.Platform platform = image.platforms().getFirst();
        List<NodeProcess> nodes = cluster.ring(2);
        List<Containerd> containerds = cluster.containerds(nodes);

        containerds.getFirst().pull(IMAGE);

        long blobBytes =
                platform.blobs().stream().mapToLong(SampleImage.Blob::bytes).sum();
        assertThat(cluster.blobBytesRead()).isEqualTo(blobBytes);
        Cluster.awaitHolder(nodes.getLast(), nodes.getFirst(), image.contentOf(platform));

        containerds.getLast().pull(IMAGE);

        assertThat(cluster.blobBytesRead()).as("not one byte more").isEqualTo(blobBytes);
        Cluster.assertHas(containerds.getFirst(), image);
        Cluster.assertHas(containerds.getLast(), image);
        assertThat(Cluster.fromOrigin(nodes.getLast())).isZero();
        assertThat(Cluster.fromPeers(nodes.getLast())).isEqualTo(image.bytesOf(platform));
    }

    @Test
    void twoContainerdsThatPullAtOnceCostTheRegistryOnce() throws IOException, InterruptedException {
        SampleImage image =
                cluster.push(List.of(new Layer(16 * MIB, Compression.GZIP), new Layer(5 * MIB, Compression.NONE)));
        SampleImage.Platform platform = image.platforms().getFirst();
        NodeProcess node = cluster.start(cluster.config("n1"));
        List<Containerd> containerds = cluster.atOnce(Stream.of("c1", "c2")
                .<Callable<Containerd>>map(name -> () -> cluster.containerd(name, node.mirror(), Cluster.NOBODY))
                .toList());

        List<Programs.Outcome> outcomes = cluster.atOnce(containerds.stream()
                .<Callable<Programs.Outcome>>map(containerd -> () -> containerd.tryPull(IMAGE))
                .toList());

        assertThat(outcomes)
                .allSatisfy(outcome ->
                        assertThat(outcome.exit()).as(outcome.output()).isZero());
        for (Containerd containerd : containerds) {
            Cluster.assertHas(containerd, image);
        }
        for (SampleImage.Blob blob : platform.blobs()) {
            assertThat(cluster.reads(blob)).as("requests for " + blob).isEqualTo(1);
        }
        assertThat(cluster.blobBytesRead())
                .isEqualTo(platform.blobs().stream()
                        .mapToLong(SampleImage.Blob::bytes)
                        .sum());
    }

    @Test
    void ofAnIndexEachClientTakesThePlatformsItWants() throws IOException, InterruptedException {
        String host = SampleImage.hostArchitecture();
        String other = host.equals("amd64") ? "arm64" : "amd64";
        SampleImage image = cluster.push(
                List.of(new Layer(4 * MIB, Compression.GZIP), new Layer(2 * MIB, Compression.ZSTD)), host, other);
        SampleImage.Platform own = image.platforms().getFirst();
        SampleImage.Platform foreign = image.platforms().getLast();
        List<NodeProcess> nodes = cluster.ring(2);
        List<Containerd> containerds = cluster.containerds(nodes);

        containerds.getFirst().pull(IMAGE);

        Cluster.assertHas(containerds.getFirst(), image);
        for (SampleImage.Blob blob : foreign.blobs()) {
            assertThat(cluster.reads(blob)).as("nobody wanted " + blob).isZero();
        }
        Cluster.awaitHolder(nodes.getLast(), nodes.getFirst(), image.contentOf(own));

        Programs.Outcome all = Cluster.outcomeOf(cluster.pulling(containerds.getLast(), "--all-platforms"));

        assertThat(all.exit()).as(all.output()).isZero();
        assertThat(containerds.getLast().verifiedContent().keySet()).isEqualTo(digests(image));
        for (SampleImage.Blob blob : own.blobs()) {
            assertThat(cluster.reads(blob))
                    .as("for the first client only: " + blob)
                    .isEqualTo(1);
        }
        for (SampleImage.Blob blob : foreign.blobs()) {
            assertThat(cluster.reads(blob)).as("for the second client: " + blob).isEqualTo(1);
        }
    }

    private static Set<Digest> digests(SampleImage image) {
        return Stream.concat(image.manifests().stream(), image.blobs().stream())
                .map(SampleImage.Blob::digest)
                .collect(Collectors.toSet());
    }
}
