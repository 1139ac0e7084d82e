package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.IMAGE;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.demo.Containerd;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.demo.Programs;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;
import ringpull.e2e.ScriptedMember.Script;
import ringpull.tls.TestCertificates;

/**
 * What a real containerd is given while a blob arrives from neighbours with certificates, on hosts of their own: honest, broken
 * and lying ones. Never a wrong byte, and a pull that ends well.
 */
@NeedsRoot
@NeedsPrograms({"containerd", "ctr", "docker-registry"})
class HandoffTest {
    private static final String RING = "demo";

    @TempDir
    Path temp;

    private final List<ScriptedMember> members = new ArrayList<>();

    /** Whatever waits in a holder goes on at the end. */
    private final CountDownLatch end = new CountDownLatch(1);

    private Cluster cluster;
    private TestCertificates certificates;
    private SampleImage image;
    private SampleImage.Blob layer;

    @BeforeEach
    void start() throws IOException {
        cluster = Cluster.plain(temp);
        certificates = new TestCertificates(temp, "ring");
        image = cluster.push(List.of(new Layer(24 * MIB, Compression.NONE), new Layer(MIB, Compression.NONE)));
        layer = image.platforms().getFirst().layers().getFirst();
    }

    @AfterEach
    void stop() {
        end.countDown();
        members.forEach(ScriptedMember::close);
        cluster.close();
    }

    private NodeProcess node(String mode) throws IOException, InterruptedException {
        Config.Tls files = certificates.member(RING, "puller", Instant.now());
        NodeConfig config = cluster.config("n1").certificates(files.cert(), files.key(), files.ca());
        return cluster.start(config.more("[handoff]\nmode = \"" + mode + "\"\n"));
    }

    /** A holder of the layer, at an address of its own. */
    private void holder(NodeProcess node, int number, Script script) throws IOException, InterruptedException {
        Config.Tls files = certificates.member(RING, "holder-" + number, Instant.now());
        String name = "holder-" + number;
        members.add(ScriptedMember.join(name, "127.0.0." + (1 + number), files, RING, node.control(), script));
        Cluster.awaitHolder(node, name, List.of(layer));
    }

    private Script honest() throws IOException {
        return Script.honest(layer.digest(), layer.file());
    }

    /** With one byte another in each of its chunks. */
    private Path forged() throws IOException {
        Path file = Files.copy(
                layer.file(), Files.createTempDirectory(temp, "forged").resolve("layer"));
        for (long chunk = 0; chunk < Chunk.count(layer.bytes()); chunk++) {
            flipByte(file, Math.min(chunk * MIB + 5, layer.bytes() - 1));
        }
        return file;
    }

    private static void flipByte(Path path, long offset) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(offset);
            int value = file.read();
            file.seek(offset);
            file.write(value ^ 1);
        }
    }

    private Containerd containerd(NodeProcess node) throws IOException, InterruptedException {
        return cluster.containerd("c1", node.mirror(), cluster.registry().url());
    }

    private ScriptedMember.Gate heldFrom(long offset, CountDownLatch until) {
        return range -> {
            if (range.end() > offset) {
                until.await();
            }
        };
    }

    @Test
    void withTwoHonestHoldersBytesReachContainerdWhileTheRestIsStillWithThem() throws Exception {
        NodeProcess node = node("auto");
        CountDownLatch rest = new CountDownLatch(1);
        holder(node, 1, honest().gated(heldFrom(16 * MIB, rest)));
        holder(node, 2, honest().gated(heldFrom(16 * MIB, rest)));
        Containerd containerd = containerd(node);

        Future<Programs.Outcome> pull = cluster.pulling(containerd, IMAGE);
        // More than the small blobs have together, so it is the layer's.
        Cluster.await("bytes of the layer", () -> Cluster.unfinishedBytes(containerd) >= 8 * MIB || pull.isDone());
        assertThat(pull.isDone()).isFalse();
        rest.countDown();

        cluster.assertPulled(pull, containerd, image);
        assertThat(cluster.reads(layer)).as("reads of the registry").isZero();
        assertThat(node.metric("ringpull_handoff_wrong_total", Map.of())).isZero();
    }

    @Test
    void verifiedGivesNothingBeforeTheProof() throws Exception {
        NodeProcess node = node("verified");
        CountDownLatch rest = new CountDownLatch(1);
        holder(node, 1, honest().gated(heldFrom(16 * MIB, rest)));
        holder(node, 2, honest().gated(heldFrom(16 * MIB, rest)));
        Containerd containerd = containerd(node);

        Future<Programs.Outcome> pull = cluster.pulling(containerd, IMAGE);
        Cluster.await("two runs", () -> Cluster.fromPeers(node) >= 16 * MIB || pull.isDone());
        assertThat(Cluster.unfinishedBytes(containerd)).isLessThan(8 * MIB);
        rest.countDown();

        cluster.assertPulled(pull, containerd, image);
        assertThat(cluster.reads(layer)).as("reads of the registry").isZero();
    }

    @Test
    void aHolderThatTruncatesAndOneThatIsHonest() throws Exception {
        NodeProcess node = node("auto");
        Path cut = Files.copy(layer.file(), temp.resolve("cut"));
        try (RandomAccessFile file = new RandomAccessFile(cut.toFile(), "rw")) {
            file.setLength(18 * MIB + 77);
        }
        holder(node, 1, Script.of(layer.digest(), cut, layer.file()));
        holder(node, 2, honest());

        assertPullsWhole(node);
        assertThat(cluster.reads(layer)).as("reads of the registry").isZero();
    }

    @Test
    void aHolderThatStallsAtTheEndAndOneThatIsHonest() throws Exception {
        NodeProcess node = node("auto");
        holder(node, 1, honest().gated(heldFrom(layer.bytes() * 99 / 100, end)));
        holder(node, 2, honest());

        assertPullsWhole(node);
        assertThat(cluster.reads(layer)).as("reads of the registry").isZero();
    }

    @Test
    void theOnlyHolderStallsAtTheEndAndTheRegistryGivesTheRest() throws Exception {
        NodeProcess node = node("auto");
        holder(node, 1, honest().gated(heldFrom(layer.bytes() * 99 / 100, end)));

        assertPullsWhole(node);
        assertThat(Cluster.fromOrigin(node)).isLessThan(layer.bytes());
    }

    /** Every link of the forged ladder holds but the last, and the chunks fit it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aForgedLadderWithChunksThatFitItAgainstOneThatIsHonest(boolean liarFirst) throws Exception {
        NodeProcess node = node("auto");
        Path forged = forged();
        holder(node, liarFirst ? 1 : 2, Script.of(layer.digest(), forged, forged));
        holder(node, liarFirst ? 2 : 1, honest());

        assertPullsWhole(node);
    }

    @Test
    void everyHolderLiesAndTheRegistrySavesThePull() throws Exception {
        NodeProcess node = node("verified");
        Path forged = forged();
        holder(node, 1, Script.of(layer.digest(), forged, forged));
        holder(node, 2, Script.of(layer.digest(), forged, forged));
        holder(node, 3, Script.of(layer.digest(), forged(), layer.file()));

        assertPullsWhole(node);
        assertThat(cluster.reads(layer)).as("reads of the registry").isPositive();
    }

    /** Documented: two that collude are believed, found before the last chunk, told, and never believed again. */
    @Test
    void twoThatColludeAreFoundBeforeTheLastChunk() throws Exception {
        NodeProcess node = node("auto");
        Path forged = forged();
        holder(node, 1, Script.of(layer.digest(), forged, forged));
        holder(node, 2, Script.of(layer.digest(), forged, forged));
        Containerd containerd = containerd(node);

        Cluster.outcomeOf(cluster.pulling(containerd, IMAGE));

        assertThat(containerd.verifiedContent().keySet())
                .as("nothing wrong is in its store")
                .isSubsetOf(digests());
        if (node.metric("ringpull_handoff_wrong_total", Map.of()) > 0) {
            assertThat(Files.readString(node.log())).contains("ringpull repair containerd");
            repair(containerd, node);
        }
        containerd.pull(IMAGE);
        Cluster.assertHas(containerd, image);
    }

    private void repair(Containerd containerd, NodeProcess node) throws IOException, InterruptedException {
        cluster.run(NodeProcess.command(List.of(
                        "repair",
                        "containerd",
                        "--address",
                        containerd.socket().toString(),
                        "--root",
                        temp.resolve("c1/root").toString(),
                        "--mirror",
                        node.mirror().toString()))
                .toArray(String[]::new));
    }

    private List<Digest> digests() {
        return image.contentOf(image.platforms().getFirst()).stream()
                .map(SampleImage.Blob::digest)
                .toList();
    }

    @Test
    void aDiskThatRotsUnderACompleteBlobIsFoundAtTheReadAndMended() throws Exception {
        NodeProcess node = node("auto");
        containerd(node).pull(IMAGE);
        flipByte(Cluster.storedFile(node, layer), 7 * MIB + 7);
        flipByte(Cluster.storedFile(node, layer), layer.bytes() - 1);
        long before = Cluster.fromOrigin(node);

        Containerd second = cluster.containerd("c2", node.mirror(), Cluster.NOBODY);
        second.pull(IMAGE);

        Cluster.assertHas(second, image);
        assertThat(node.metric("ringpull_store_damaged_chunks_total", Map.of())).isEqualTo(2);
        assertThat(Cluster.fromOrigin(node) - before)
                .as("only what was damaged, and its neighbourhood")
                .isLessThan(4 * MIB);
        assertThat(cluster.ringpull(node, "trace", layer.digest().toString())).contains("2 of 2");
    }

    private void assertPullsWhole(NodeProcess node) throws IOException, InterruptedException {
        Containerd containerd = containerd(node);
        containerd.pull(IMAGE);
        Cluster.assertHas(containerd, image);
        assertThat(node.metric("ringpull_handoff_wrong_total", Map.of())).isZero();
    }
}
