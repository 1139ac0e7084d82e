package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.CEILING;
import static ringpull.e2e.Cluster.IMAGE;
import static ringpull.e2e.Cluster.MIB;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import ringpull.demo.Containerd;
import ringpull.demo.NodeProcess;
import ringpull.demo.Programs;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/** A neighbour or the registry fails, and containerd's pull does not. */
@NeedsRoot
@NeedsPrograms({"containerd", "ctr", "docker-registry"})
class NeighbourFaultsTest extends ClusterFixture {
    private SampleImage pushWithLayerOf(long bytes) throws IOException {
        return cluster.push(List.of(new Layer(bytes, Compression.GZIP), new Layer(2 * MIB, Compression.NONE)));
    }

    @Test
    void aNeighbourKilledInMidBlobLeavesTheRestToTheRegistry() throws IOException, InterruptedException {
        SampleImage image = pushWithLayerOf(96 * MIB);
        SampleImage.Blob layer = image.platforms().getFirst().layers().getFirst();
        // The first is slow to give: no machine has the whole layer from it before it is killed.
        List<NodeProcess> nodes = cluster.ring(
                2, name -> cluster.config(name).more(name.equals("n1") ? "[limits]\nupload = \"4 MiB\"" : ""));
        NodeProcess neighbour = nodes.getFirst();
        NodeProcess node = nodes.getLast();
        List<Containerd> containerds = cluster.containerds(nodes);
        containerds.getFirst().pull(IMAGE);
        Cluster.awaitHolder(node, neighbour, image.contentOf(image.platforms().getFirst()));

        Future<Programs.Outcome> pull = cluster.pulling(containerds.getLast(), IMAGE);
        node.await("a part of the layer", CEILING, () -> Cluster.fromPeers(node) > 4 * MIB);
        neighbour.kill();
        assertThat(Cluster.fromPeers(node)).as("in mid-blob").isLessThan(layer.bytes());

        cluster.assertPulled(pull, containerds.getLast(), image);
        assertThat(Cluster.fromOrigin(node))
                .as("what the neighbour gave is not fetched again")
                .isBetween(1L, layer.bytes() - 4 * MIB);
        assertThat(Cluster.fromOrigin(node) + Cluster.fromPeers(node))
                .isGreaterThanOrEqualTo(image.bytesOf(image.platforms().getFirst()));
    }

    @Test
    void aDeadRegistryIsNotMissedWhileTheRingHoldsTheImage() throws IOException, InterruptedException {
        SampleImage image = pushWithLayerOf(12 * MIB);
        NodeProcess old = cluster.start(cluster.config("n1"));
        cluster.containerd("c1", old.mirror(), Cluster.NOBODY).pull(IMAGE);
        cluster.registry().stop();

        NodeProcess fresh = cluster.start(cluster.config("n2").joining(old.control()));
        Cluster.awaitHolder(fresh, old, image.contentOf(image.platforms().getFirst()));
        Containerd byDigest =
                cluster.containerd("c2", fresh.mirror(), cluster.registry().url());
        byDigest.pull(Cluster.byDigest(image));
        Cluster.assertHas(byDigest, image);

        Containerd byTag =
                cluster.containerd("c3", old.mirror(), cluster.registry().url());
        byTag.pull(IMAGE);
        Cluster.assertHas(byTag, image);

        Programs.Outcome unresolved = byDigest.tryPull(IMAGE);
        assertThat(unresolved.exit())
                .as("without certificates a tag means what the registry answered this very node, and it never asked")
                .isNotZero();
    }

    @Test
    void aFlippedByteInANeighboursFileHarmsNobody() throws IOException, InterruptedException {
        SampleImage image = pushWithLayerOf(12 * MIB);
        SampleImage.Blob layer = image.platforms().getFirst().layers().getFirst();
        List<NodeProcess> nodes = cluster.ring(2);
        NodeProcess node = nodes.getLast();
        List<Containerd> containerds = cluster.containerds(nodes);
        containerds.getFirst().pull(IMAGE);
        Cluster.awaitHolder(
                node, nodes.getFirst(), image.contentOf(image.platforms().getFirst()));
        Cluster.flipByte(Cluster.storedFile(nodes.getFirst(), layer), 7 * MIB + 7);

        containerds.getLast().pull(IMAGE);

        Cluster.assertHas(containerds.getLast(), image);
        assertThat(node.metric("ringpull_proof_failures_total", Map.of("source", "peer")))
                .isEqualTo(1);
        assertThat(Cluster.fromOrigin(node)).isEqualTo(layer.bytes());
        List<JsonNode> trace = trace(node, layer);
        assertThat(trace).anySatisfy(entry -> {
            assertThat(entry.path("event").asText()).isEqualTo("proof");
            assertThat(entry.path("source").asText()).isEqualTo(nodes.getFirst().name());
            assertThat(entry.path("detail").asText()).startsWith("failed");
        });
        assertThat(trace).anySatisfy(entry -> {
            // A swarm of one where a home is eligible by then, which takes some seconds.
            assertThat(entry.path("event").asText()).isIn("origin", "swarm");
            assertThat(entry.path("bytes").asLong()).isEqualTo(layer.bytes());
        });
    }

    private List<JsonNode> trace(NodeProcess node, SampleImage.Blob blob) throws IOException, InterruptedException {
        String json = cluster.ringpull(node, "trace", "--json", blob.digest().toString())
                .lines()
                .filter(line -> line.startsWith("{"))
                .findFirst()
                .orElseThrow();
        return StreamSupport.stream(
                        new ObjectMapper().readTree(json).path("entries").spliterator(), false)
                .toList();
    }
}
