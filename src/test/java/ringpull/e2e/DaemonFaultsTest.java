package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.CEILING;
import static ringpull.e2e.Cluster.IMAGE;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ringpull.demo.Containerd;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.demo.Programs;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;
import ringpull.transport.Relay;

/** The node's own daemon fails in every way, and containerd's pull does not. */
@NeedsRoot
@NeedsPrograms({"containerd", "ctr", "docker-registry"})
class DaemonFaultsTest extends ClusterFixture {
    private static final int LAYER_BYTES = 24 * MIB;

    @Override
    Cluster make(Path directory) {
        return Cluster.tls(directory);
    }

    private SampleImage pushLayers(int count) throws IOException {
        return cluster.push(Collections.nCopies(count, new Layer(LAYER_BYTES / count, Compression.GZIP)));
    }

    @Test
    void aDeadDaemonIsNotMissed() throws IOException, InterruptedException {
        SampleImage image = pushLayers(2);
        NodeProcess node = cluster.start(cluster.config("n1"));
        node.kill();
        Containerd containerd =
                cluster.containerd("c1", node.mirror(), cluster.registry().url());

        containerd.pull(IMAGE);

        Cluster.assertHas(containerd, image);
    }

    @Test
    void aDaemonKilledInMidPullLeavesTheRestToTheRegistryAndGoesOnWhereItWas()
            throws IOException, InterruptedException {
        SampleImage image = pushLayers(1);
        Relay link = cluster.relay();
        NodeConfig config = cluster.config("n1", link.url());
        NodeProcess node = cluster.start(config);
        Containerd containerd =
                cluster.containerd("c1", node.mirror(), cluster.registry().url());
        Future<Programs.Outcome> pull = pullHalf(node, link, containerd);
        SampleImage.Blob layer = image.platforms().getFirst().layers().getFirst();
        node.await("a record of what is here", CEILING, () -> recordsPartial(node, layer));
        node.kill();

        cluster.assertPulled(pull, containerd, image);

        NodeProcess again = cluster.start(config.mirrorPort(node.mirror().getPort()));
        link.open();
        Containerd other = cluster.containerd("c2", again.mirror(), Cluster.NOBODY);
        other.pull(IMAGE);
        Cluster.assertHas(other, image);
        assertThat(Cluster.fromOrigin(again))
                .as("what was recorded, a chunk at least, is not fetched again")
                .isLessThan(LAYER_BYTES - MIB / 2);
    }

    @Test
    void aDaemonThatIsStoppedInMidPullFinishesWhatItCan() throws IOException, InterruptedException {
        SampleImage image = pushLayers(1);
        Relay link = cluster.relay();
        NodeProcess node = cluster.start(cluster.config("n1", link.url()));
        Containerd containerd = cluster.containerd("c1", node.mirror(), Cluster.NOBODY);
        Future<Programs.Outcome> pull = pullHalf(node, link, containerd);

        cluster.run("kill", "-TERM", Long.toString(node.pid()));
        node.await("its mirror to refuse", CEILING, () -> refuses(node.mirror()));
        link.open();

        cluster.assertPulled(pull, containerd, image);
        assertThat(node.stop()).as("exit code").isZero();
    }

    @Test
    void aDaemonThatIsStoppedAndCannotFinishLeavesTheRestToTheRegistry() throws IOException, InterruptedException {
        SampleImage image = pushLayers(1);
        Relay link = cluster.relay();
        NodeProcess node = cluster.start(cluster.config("n1", link.url()));
        Containerd containerd =
                cluster.containerd("c1", node.mirror(), cluster.registry().url());
        Future<Programs.Outcome> pull = pullHalf(node, link, containerd);

        assertThat(node.stop()).as("exit code").isZero();

        cluster.assertPulled(pull, containerd, image);
    }

    @Test
    void aDaemonInACrashLoopHarmsNoPull() throws IOException, InterruptedException {
        int layers = 8;
        SampleImage image = pushLayers(layers);
        Relay toDaemon = cluster.relay();
        Relay toContainerd = cluster.relay();
        NodeConfig config = cluster.config("n1", toDaemon.url());
        NodeProcess node = cluster.start(config);
        Containerd containerd = cluster.containerd("c1", node.mirror(), toContainerd.url());

        // A layer at a time: with each it asks the mirror again.
        Future<Programs.Outcome> pull = cluster.pulling(containerd, "--max-concurrent-downloads", "1");
        for (int life = 1; life <= 3; life++) {
            toDaemon.allow(3 * MIB / 2);
            NodeProcess running = node;
            running.await("life " + life + " to be in mid-pull", CEILING, () -> Cluster.fromOrigin(running) > MIB);
            running.kill();
            node = cluster.start(config.mirrorPort(running.mirror().getPort()));
            // Enough for the layer that goes on upstream, and not for all.
            toContainerd.allow(2L * LAYER_BYTES / layers);
        }
        toDaemon.open();
        toContainerd.open();

        cluster.assertPulled(pull, containerd, image);
        Containerd other = cluster.containerd("c2", node.mirror(), Cluster.NOBODY);
        other.pull(IMAGE);
        Cluster.assertHas(other, image);
    }

    /** Begins a pull; returns when the client has some bytes of the layer and the link lets no more pass. */
    private Future<Programs.Outcome> pullHalf(NodeProcess node, Relay link, Containerd containerd)
            throws IOException, InterruptedException {
        link.allow(LAYER_BYTES / 2);
        Future<Programs.Outcome> pull = cluster.pulling(containerd, IMAGE);
        node.await("half of the layer to be here", CEILING, () -> Cluster.fromOrigin(node) > LAYER_BYTES / 2 - MIB);
        node.await("the client to have some of it", CEILING, () -> Cluster.unfinishedBytes(containerd) > 4 * MIB);
        return pull;
    }

    /** Whether the index in the daemon's state names the partial blob: from then on it outlives a kill. */
    private static boolean recordsPartial(NodeProcess node, SampleImage.Blob blob) throws IOException {
        String key = "p" + new String(blob.digest().bytes(), StandardCharsets.ISO_8859_1);
        Path state = node.config().directory().resolve("state");
        try (Stream<Path> files = Files.walk(state)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".log")).toList()) {
                if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(key)) {
                    return true;
                }
            }
            return false;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private static boolean refuses(URI mirror) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), mirror.getPort())) {
            return !socket.isConnected();
        } catch (IOException e) {
            return true;
        }
    }
}
