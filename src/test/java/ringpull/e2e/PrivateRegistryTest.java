package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.IMAGE;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ringpull.demo.Containerd;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.demo.Programs;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/** A registry that wants a password, over TLS by an authority of its own. */
@NeedsRoot
@NeedsPrograms({"containerd", "ctr", "docker-registry"})
class PrivateRegistryTest extends ClusterFixture {
    private SampleImage image;

    @Override
    Cluster make(Path directory) {
        return new Cluster(directory, RealRegistry.tlsWithPassword(directory.resolve("registry")));
    }

    @BeforeEach
    void push() throws IOException {
        image = cluster.push(List.of(new Layer(6 * MIB, Compression.GZIP), new Layer(2 * MIB, Compression.ZSTD)));
    }

    private NodeProcess nodeWithPassword(String password) throws IOException, InterruptedException {
        RealRegistry registry = cluster.registry();
        NodeConfig.Registry named = new NodeConfig.Registry(
                Cluster.REGISTRY,
                List.of(registry.url()),
                Optional.of(RealRegistry.USER),
                Optional.of(password),
                Optional.of(registry.ca()));
        return cluster.start(
                NodeConfig.first(temp.resolve("n1"), "n1", List.of(named)).quota("90 %"));
    }

    @Test
    void theDaemonsCredentialPullsForAClientThatHasNone() throws IOException, InterruptedException {
        NodeProcess node = nodeWithPassword(RealRegistry.PASSWORD);
        Containerd containerd = cluster.containerd("c1", node.mirror(), Cluster.NOBODY);

        containerd.pull(IMAGE);

        Cluster.assertHas(containerd, image);
        assertThat(Files.readString(node.log())).doesNotContain(RealRegistry.PASSWORD);
    }

    @Test
    void aDaemonThatIsDeniedLeavesThePullToTheRegistry() throws IOException, InterruptedException {
        String wrong = "not-the-password";
        NodeProcess node = nodeWithPassword(wrong);
        Containerd containerd =
                cluster.containerd("c1", node.mirror(), cluster.registry().url());

        Programs.Outcome anonymous = containerd.tryPull(IMAGE);
        Programs.Outcome outcome = Cluster.outcomeOf(
                cluster.pulling(containerd, "--user", RealRegistry.USER + ":" + RealRegistry.PASSWORD));

        assertThat(anonymous.exit()).as("the daemon opens nothing").isNotZero();
        assertThat(outcome.exit()).as(outcome.output()).isZero();
        Cluster.assertHas(containerd, image);
        assertThat(node.metric("ringpull_mirror_answers_total", Map.of("status", "404", "reason", "denied")))
                .isPositive();
        assertThat(Cluster.fromOrigin(node)).isZero();
        assertThat(Files.readString(node.log()))
                .containsPattern("(?m)WARN .*the origin denies")
                .doesNotContain(wrong)
                .doesNotContain(RealRegistry.PASSWORD);
    }
}
