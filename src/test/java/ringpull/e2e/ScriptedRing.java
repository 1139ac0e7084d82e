package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.IMAGE;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
 * A daemon, its registry and a containerd that pulls through it, for all cases of a class: each has an image of its own, and
 * members that it plays itself.
 */
final class ScriptedRing implements AutoCloseable {
    private static final String RING = "demo";

    final Cluster cluster;

    private final Path directory;
    private final TestCertificates certificates;
    private final NodeProcess node;
    private final Containerd containerd;
    private final List<ScriptedMember> members = new ArrayList<>();
    private int cases;
    private CountDownLatch end = new CountDownLatch(1);

    private ScriptedRing(Path directory) throws IOException, InterruptedException {
        this.directory = directory;
        cluster = Cluster.plain(directory);
        certificates = new TestCertificates(directory, "ring");
        node = start("n1", "auto");
        containerd = cluster.containerd("c1", node.mirror(), cluster.registry().url());
    }

    /** With one daemon that hands off as it can. */
    static ScriptedRing start(Path directory) throws IOException, InterruptedException {
        return new ScriptedRing(directory);
    }

    /** One more daemon, in a ring of its own. */
    NodeProcess start(String name, String mode) throws IOException, InterruptedException {
        return cluster.start(config(name, mode));
    }

    NodeConfig config(String name, String mode) throws IOException {
        Config.Tls files = certificates.member(RING, name, Instant.now());
        return cluster.config(name)
                .certificates(files.cert(), files.key(), files.ca())
                .more("[handoff]\nmode = \"" + mode + "\"\n[helper]\nsocket = \"" + helperSocket() + "\"\n");
    }

    /** Where daemons look for the root helper; none runs unless the case starts one. */
    Path helperSocket() {
        return directory.resolve("h.sock");
    }

    NodeProcess node() {
        return node;
    }

    Containerd containerd() {
        return containerd;
    }

    /** From now on containerd asks this daemon first. */
    void pullThrough(NodeProcess other) throws IOException {
        containerd.mirror(Cluster.REGISTRY, other.mirror(), cluster.registry().url());
    }

    /** What one case is about: an image whose first layer the test's members hold. */
    record Case(int number, SampleImage image, SampleImage.Blob layer) {
        Script honest() throws IOException {
            return Script.honest(layer.digest(), layer.file());
        }
    }

    Case next() throws IOException {
        cases++;
        SampleImage image = cluster.pushAnother(
                cases, List.of(new Layer(24 * MIB, Compression.NONE), new Layer(MIB, Compression.NONE)));
        return new Case(cases, image, image.platforms().getFirst().layers().getFirst());
    }

    /** A holder of the layer, at an address of its own, which the daemon knows of. */
    ScriptedMember holder(Case of, int number, Script script) throws IOException, InterruptedException {
        return holder(node, of, number, script);
    }

    ScriptedMember holder(NodeProcess seed, Case of, int number, Script script)
            throws IOException, InterruptedException {
        String name = name(of, number);
        Config.Tls files = certificates.member(RING, name, Instant.now());
        ScriptedMember member =
                ScriptedMember.join(name, "127.0.0." + (1 + number), files, RING, seed.control(), script);
        members.add(member);
        Cluster.awaitHolder(seed, name, List.of(of.layer));
        return member;
    }

    static String name(Case of, int number) {
        return "holder-" + of.number + "-" + number;
    }

    /** A copy of the layer to spoil. */
    Path copy(Case of) throws IOException {
        return Files.copy(
                of.layer.file(), Files.createTempDirectory(directory, "copy").resolve("layer"));
    }

    /** Waits before what lies behind this offset. */
    static ScriptedMember.Gate heldFrom(long offset, CountDownLatch until) {
        return range -> {
            if (range.end() > offset) {
                until.await();
            }
        };
    }

    /** Held until the case is over. */
    ScriptedMember.Gate stallsFrom(long offset) {
        return heldFrom(offset, end);
    }

    void pullsWhole(Case of) throws IOException, InterruptedException {
        double wrong = wrongBytesLeft(node);
        containerd.pull(IMAGE);
        has(of, containerd);
        assertThat(wrongBytesLeft(node)).isEqualTo(wrong);
    }

    /** Every byte that containerd keeps is as its digest says, and the image is there. */
    static void has(Case of, Containerd containerd) throws IOException {
        assertThat(containerd.verifiedContent())
                .containsAllEntriesOf(of.image.contentOf(of.image.platforms().getFirst()).stream()
                        .collect(Collectors.toMap(SampleImage.Blob::digest, SampleImage.Blob::bytes)));
    }

    static double wrongBytesLeft(NodeProcess of) throws IOException, InterruptedException {
        return of.metric("ringpull_handoff_wrong_total", Map.of());
    }

    /** Bytes of the layer that containerd has received, and not finished. */
    long unfinished(Case of) throws IOException {
        return unfinished(of, containerd);
    }

    long unfinished(Case of, Containerd by) throws IOException {
        Path ingests = by.contentStore().resolve("../../ingest").normalize();
        if (!Files.isDirectory(ingests)) {
            return 0;
        }
        try (Stream<Path> each = Files.list(ingests)) {
            for (Path ingest : each.toList()) {
                if (Files.readString(ingest.resolve("ref"))
                        .contains(of.layer.digest().toString())) {
                    return Files.size(ingest.resolve("data"));
                }
            }
        } catch (NoSuchFileException e) {
            return 0; // begins, or has just ended
        }
        return 0;
    }

    /** Runs the command line; says how it ended. */
    Programs.Outcome ringpull(String... words) throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory, "ringpull", ".out");
        return Programs.run(output, Cluster.CEILING, NodeProcess.command(List.of(words)));
    }

    /** The case is over: its members leave. */
    void end() {
        end.countDown();
        end = new CountDownLatch(1);
        members.forEach(ScriptedMember::close);
        members.clear();
    }

    @Override
    public void close() {
        end();
        cluster.close();
    }
}
