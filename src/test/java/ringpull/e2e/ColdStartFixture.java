package ringpull.e2e;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.Digest;
import ringpull.cli.ControlClient;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;
import ringpull.transport.Relay;

/**
 * Several daemons that share one ring over all tests of a class, with a registry behind a relay and one that is ill: every test
 * begins and ends with all alive, and with the way to the registry open.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ColdStartFixture {
    static final int NODES = 6;
    static final String ILL = "ill.test";

    Cluster cluster;
    Relay link;
    FaultyRegistry ill;
    List<NodeProcess> nodes;
    private int images;

    @BeforeAll
    void start(@TempDir Path temp) throws IOException, InterruptedException {
        cluster = Cluster.plain(temp);
        link = cluster.relay();
        link.open();
        ill = new FaultyRegistry();
        nodes = new ArrayList<>(cluster.ring(NODES, this::config));
        Cluster.awaitCompany(nodes);
    }

    NodeConfig config(String name) {
        return cluster.config(name, link.url())
                .more("[[registry]]\nname = \"%s\"\nendpoints = [\"%s\"]".formatted(ILL, ill.url()));
    }

    @AfterAll
    void stop() {
        cluster.close();
        ill.close();
    }

    @AfterEach
    void allAlive() throws IOException, InterruptedException {
        link.hold();
        link.open();
        for (int i = 0; i < NODES; i++) {
            NodeProcess dead = nodes.get(i);
            if (!dead.isAlive()) {
                NodeProcess other =
                        nodes.stream().filter(NodeProcess::isAlive).findFirst().orElseThrow();
                nodes.set(i, cluster.start(dead.config().joining(other.control())));
            }
        }
        Cluster.awaitCompany(nodes);
    }

    SampleImage push(List<Layer> layers) throws IOException {
        images++;
        return cluster.pushAnother(images, layers);
    }

    SampleImage.Blob pushLayer(int bytes) throws IOException {
        return push(List.of(new Layer(bytes, Compression.NONE)))
                .platforms()
                .getFirst()
                .layers()
                .getFirst();
    }

    List<Future<Long>> fetching(SampleImage.Blob blob) {
        return nodes.stream()
                .map(node -> cluster.inBackground(() -> cluster.fetch(node, blob.digest())))
                .toList();
    }

    NodeProcess home(Digest digest) throws IOException {
        String name = firstInOrder(digest);
        return nodes.stream()
                .filter(node -> node.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    String firstInOrder(Digest digest) throws IOException {
        try (ControlClient client = ControlClient.open(nodes.getFirst().socket())) {
            return client.ringOrder(digest.toString(), 1).getMembers(0).getName();
        }
    }

    interface Counter {
        long of(NodeProcess node) throws IOException, InterruptedException;
    }

    /** One figure of each daemon, in their order. */
    long[] each(Counter counter) throws IOException, InterruptedException {
        long[] figures = new long[nodes.size()];
        for (int i = 0; i < figures.length; i++) {
            figures[i] = counter.of(nodes.get(i));
        }
        return figures;
    }

    long[] fromOrigin() throws IOException, InterruptedException {
        return each(Cluster::fromOrigin);
    }

    static long[] grown(long[] after, long[] before) {
        long[] more = new long[after.length];
        Arrays.setAll(more, i -> after[i] - before[i]);
        return more;
    }

    static long sum(long[] after, long[] before) {
        return LongStream.of(grown(after, before)).sum();
    }
}
