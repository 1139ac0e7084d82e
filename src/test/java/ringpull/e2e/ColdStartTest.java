package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.demo.NodeProcess;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/** Several daemons start the same image at the same moment, and nobody has it. */
@NeedsPrograms("docker-registry")
class ColdStartTest {
    private static final int MIB = 1 << 20;
    private static final int NODES = 4;

    @TempDir
    Path temp;

    private Cluster cluster;

    @BeforeEach
    void start() {
        cluster = Cluster.plain(temp);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void theRegistrySendsLittleMoreThanOneCopy() throws IOException, InterruptedException {
        SampleImage image = cluster.push(List.of(
                new Layer(2_000, Compression.NONE),
                new Layer(5 * MIB + 1, Compression.NONE),
                new Layer(96 * MIB, Compression.NONE)));
        SampleImage.Platform platform = image.platforms().getFirst();
        long blobBytes =
                platform.blobs().stream().mapToLong(SampleImage.Blob::bytes).sum();
        List<NodeProcess> nodes = cluster.ring(NODES);
        Cluster.awaitCompany(nodes);

        List<String> outputs = cluster.atOnce(nodes.stream()
                .<Callable<String>>map(node -> () -> cluster.ringpull(node, "pull", Cluster.IMAGE.toString()))
                .toList());

        assertThat(outputs).hasSize(NODES);
        for (SampleImage.Blob blob : platform.blobs()) {
            for (NodeProcess node : nodes) {
                assertThat(Files.size(Cluster.storedFile(node, blob))).isEqualTo(blob.bytes());
            }
        }
        assertThat((double) cluster.blobBytesRead() / blobBytes)
                .as("copies that the registry sent; %s", traces(nodes, platform.blobs()))
                .isLessThanOrEqualTo(1.1);
    }

    private String traces(List<NodeProcess> nodes, List<SampleImage.Blob> blobs)
            throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder();
        for (NodeProcess node : nodes) {
            for (SampleImage.Blob blob : blobs) {
                text.append(cluster.ringpull(node, "trace", blob.digest().toString()));
            }
        }
        return text.toString();
    }
}
