package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.IMAGE;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ringpull.demo.Containerd;
import ringpull.demo.NodeProcess;
import ringpull.demo.Programs;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/** kubelet's way to pull, skopeo's and podman's. */
class OtherClientsTest extends ClusterFixture {
    private SampleImage image;
    private NodeProcess node;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        image = cluster.push(List.of(new Layer(6 * MIB, Compression.GZIP), new Layer(2 * MIB, Compression.ZSTD)));
        node = cluster.start(cluster.config("n1"));
    }

    @Test
    @NeedsRoot
    @NeedsPrograms({"containerd", "ctr", "docker-registry"})
    void kubeletsPullGoesThroughTheDaemon() throws IOException, InterruptedException {
        Containerd containerd = cluster.containerd("c1", node.mirror(), Cluster.NOBODY, true);
        try (CriClient cri = new CriClient(containerd.socket())) {
            assertThat(cri.pull(IMAGE, Cluster.CEILING))
                    .isEqualTo(image.platforms().getFirst().config().digest().toString());
        }
        Cluster.assertHas(containerd, image);
    }

    /** skopeo says nothing of the registry but in the path; and it takes blobs only from where it got the manifest. */
    @Test
    @NeedsPrograms({"skopeo", "docker-registry"})
    void skopeoPullsWithTheRegistryInThePath() throws IOException, InterruptedException {
        Path copy = temp.resolve("copy");

        Programs.Outcome outcome = new Skopeo(temp).copyThroughMirror(IMAGE, node.mirror(), Cluster.NOBODY, copy);

        assertThat(outcome.exit()).as(outcome.output()).isZero();
        List<String> blobs = image.platforms().getFirst().blobs().stream()
                .map(blob -> blob.digest().hex())
                .toList();
        assertThat(blobs)
                .allSatisfy(hex ->
                        assertThat(copy.resolve("blobs/sha256").resolve(hex)).exists());
        assertThat(cluster.blobBytesRead())
                .isEqualTo(image.platforms().getFirst().blobs().stream()
                        .collect(Collectors.summingLong(SampleImage.Blob::bytes)));
    }

    /** As CRI-O, which reads the same file: nothing but the path names the registry. */
    @Test
    @NeedsRoot
    @NeedsPrograms({"podman", "docker-registry"})
    void podmanPullsThroughItsRegistriesConf() throws IOException, InterruptedException {
        Podman podman = new Podman(Files.createDirectory(temp.resolve("podman")));

        Programs.Outcome outcome = podman.pullThroughMirror(IMAGE, node.mirror(), Cluster.NOBODY);

        assertThat(outcome.exit()).as(outcome.output()).isZero();
        assertThat(podman.idOf(IMAGE))
                .isEqualTo(image.platforms().getFirst().config().digest().hex());
        assertThat(Cluster.fromOrigin(node))
                .isEqualTo(image.bytesOf(image.platforms().getFirst()));
    }
}
