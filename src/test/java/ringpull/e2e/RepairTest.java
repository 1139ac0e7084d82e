package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.IMAGE;
import static ringpull.e2e.Cluster.MIB;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ringpull.demo.Containerd;
import ringpull.demo.NodeProcess;
import ringpull.demo.Programs;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;
import ringpull.transport.Relay;

/** A real containerd with an ingest that somebody spoilt: no pull succeeds until it is repaired. */
@NeedsRoot
@NeedsPrograms({"containerd", "ctr", "docker-registry"})
class RepairTest extends ClusterFixture {
    private static final int FAILED_WITH_FINDINGS = 3;

    @Test
    void aPoisonedIngestFailsEveryPullUntilItIsRepaired() throws IOException, InterruptedException {
        SampleImage image = cluster.push(List.of(new Layer(24 * MIB, Compression.NONE)));
        NodeProcess node = cluster.start(cluster.config("n1"));
        cluster.ringpull(node, "pull", IMAGE.toString());
        interruptedPull();
        spoil();

        try (Containerd containerd = Containerd.start(temp.resolve("c1"))) {
            containerd.mirror(
                    Cluster.REGISTRY, node.mirror(), cluster.registry().url());
            Programs.Outcome found = repair(containerd, node, "--dry-run", "--json");
            assertThat(found.exit()).as(found.output()).isEqualTo(FAILED_WITH_FINDINGS);
            assertThat(findings(found)).as("of the part that is there").containsOnlyOnce("poisoned");

            for (int i = 0; i < 2; i++) {
                Programs.Outcome pull = containerd.tryPull(IMAGE);
                assertThat(pull.exit()).as(pull.output()).isNotZero();
                assertThat(pull.output()).contains("unexpected commit digest");
            }

            Programs.Outcome repaired = repair(containerd, node);
            assertThat(repaired.exit()).as(repaired.output()).isZero();
            assertThat(repaired.output()).contains("poisoned, aborted: default/layer-sha256:");

            containerd.pull(IMAGE);
            Cluster.assertHas(containerd, image);
            Programs.Outcome nothing = repair(containerd, node);
            assertThat(nothing.exit()).as(nothing.output()).isZero();
            assertThat(nothing.output()).doesNotContain("poisoned");
        }
    }

    @Test
    void whatIsThereAndRightStays() throws IOException, InterruptedException {
        SampleImage image = cluster.push(List.of(new Layer(24 * MIB, Compression.NONE)));
        NodeProcess node = cluster.start(cluster.config("n1"));
        interruptedPull();

        try (Containerd containerd = Containerd.start(temp.resolve("c1"))) {
            containerd.mirror(
                    Cluster.REGISTRY, node.mirror(), cluster.registry().url());
            Programs.Outcome unknown = repair(containerd, node, "--json");
            assertThat(unknown.exit()).as(unknown.output()).isEqualTo(FAILED_WITH_FINDINGS);
            assertThat(findings(unknown))
                    .as("nobody has it")
                    .contains("not_compared")
                    .doesNotContain("poisoned");

            cluster.ringpull(node, "pull", IMAGE.toString());
            Programs.Outcome known = repair(containerd, node, "--json");
            assertThat(known.exit()).as(known.output()).isZero();
            assertThat(findings(known)).containsOnly("sound");

            containerd.pull(IMAGE);
            Cluster.assertHas(containerd, image);
        }
    }

    @Test
    void whereThereIsNoContainerdThatIsSaid() throws IOException, InterruptedException {
        Programs.Outcome outcome = run(List.of("repair", "containerd", "--address", temp + "/none.sock"));

        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(outcome.output()).contains("none.sock").contains("is containerd running");
    }

    /** containerd is killed when it has a part of the layer. */
    private void interruptedPull() throws IOException, InterruptedException {
        try (Relay link = Relay.held(cluster.registry().url());
                Containerd containerd = Containerd.start(temp.resolve("c1"))) {
            containerd.mirror(Cluster.REGISTRY, link.url(), Cluster.NOBODY);
            link.allow(9 * MIB);
            Future<Programs.Outcome> pull = cluster.pulling(containerd, IMAGE);
            Cluster.await("a part of the layer", () -> Cluster.unfinishedBytes(containerd) > 4 * MIB);
            containerd.kill();
            assertThat(Cluster.outcomeOf(pull).exit()).isNotZero();
        }
    }

    private void spoil() throws IOException {
        Path ingests = temp.resolve("c1/root/io.containerd.content.v1.content/ingest");
        Path largest;
        try (Stream<Path> files = Files.walk(ingests)) {
            largest = files.filter(file -> file.endsWith("data"))
                    .max(Comparator.comparingLong(file -> file.toFile().length()))
                    .orElseThrow();
        }
        try (RandomAccessFile file = new RandomAccessFile(largest.toFile(), "rw")) {
            assertThat(file.length()).isBetween(4L * MIB, 23L * MIB);
            file.seek(3 * MIB);
            int value = file.read();
            file.seek(3 * MIB);
            file.write(value ^ 1);
        }
    }

    private Programs.Outcome repair(Containerd containerd, NodeProcess node, String... options)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("repair", "containerd"));
        words.addAll(List.of("--address", containerd.socket().toString()));
        words.addAll(List.of("--root", temp.resolve("c1/root").toString()));
        words.addAll(List.of("--mirror", node.mirror().toString()));
        words.addAll(List.of(options));
        return run(words);
    }

    private Programs.Outcome run(List<String> words) throws IOException, InterruptedException {
        Path output = Files.createTempFile(temp, "repair", ".out");
        return Programs.run(output, Cluster.CEILING, NodeProcess.command(words));
    }

    private static List<String> findings(Programs.Outcome outcome) throws IOException {
        String json = outcome.output()
                .lines()
                .filter(line -> line.startsWith("{"))
                .findFirst()
                .orElseThrow();
        List<String> findings = new ArrayList<>();
        for (JsonNode ingest : new ObjectMapper().readTree(json).path("ingests")) {
            findings.add(ingest.path("finding").asText());
        }
        return findings;
    }
}
