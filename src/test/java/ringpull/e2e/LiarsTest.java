package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.IMAGE;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.Chunk;
import ringpull.demo.Containerd;
import ringpull.demo.NodeProcess;
import ringpull.demo.Programs;
import ringpull.e2e.ScriptedMember.Script;

/**
 * Members that forge ladders, with a real containerd behind the daemon that they lie to: every link of such a ladder holds but
 * the last, and the chunks fit it. One alone changes no byte; two that collude are found out before the last chunk; whoever
 * signed a false ladder is shut out, and nobody else.
 */
@NeedsRoot
@NeedsPrograms({"containerd", "ctr", "docker-registry"})
class LiarsTest {
    @TempDir
    static Path temp;

    private static ScriptedRing ring;

    private ScriptedRing.Case one;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        ring = ScriptedRing.start(temp);
    }

    @AfterAll
    static void stop() {
        ring.close();
    }

    @BeforeEach
    void begin() throws IOException {
        one = ring.next();
    }

    @AfterEach
    void end() {
        ring.end();
    }

    /** Of a file with one byte another in each of its chunks. */
    private Script forged() throws IOException {
        Path file = ring.copy(one);
        for (long chunk = 0; chunk < Chunk.count(one.layer().bytes()); chunk++) {
            Cluster.flipByte(file, Math.min(chunk * MIB + 5, one.layer().bytes() - 1));
        }
        return Script.of(one.layer().digest(), file, file);
    }

    private String standing(NodeProcess asked, int number) throws IOException {
        return Cluster.standing(asked, ScriptedRing.name(one, number));
    }

    /** The client has the last byte a moment before the blob is stored, and then somebody is blamed. */
    private void awaitStanding(NodeProcess asked, int number, String standing)
            throws IOException, InterruptedException {
        asked.await(
                number + " to be " + standing,
                Cluster.CEILING,
                () -> standing(asked, number).equals(standing));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void oneForgesALadderAndTheOtherIsHonest(boolean liarFirst) throws Exception {
        int liar = liarFirst ? 1 : 2;
        ring.holder(one, 1, liarFirst ? forged() : one.honest());
        ring.holder(one, 2, liarFirst ? one.honest() : forged());

        ring.pullsWhole(one);

        awaitStanding(ring.node(), liar, "quarantined");
        assertThat(standing(ring.node(), 3 - liar)).isEmpty();
    }

    @Test
    void everyHolderLiesAndTheRegistrySavesThePull() throws Exception {
        NodeProcess node = ring.start("n2", "verified");
        Script forged = forged();
        ring.holder(node, one, 1, forged);
        ring.holder(node, one, 2, forged);
        ring.holder(
                node,
                one,
                3,
                Script.of(one.layer().digest(), forged.file(), one.layer().file()));
        ring.pullThrough(node);
        try {
            ring.pullsWhole(one);
        } finally {
            ring.pullThrough(ring.node());
        }

        assertThat(ring.cluster.reads(one.layer())).as("reads of the registry").isPositive();
        assertThat(standing(node, 3)).as("it signed the right ladder").isNotEqualTo("quarantined");
    }

    /** What was signed to one is evidence there; the others have seen nothing, and go on with it. */
    @Test
    void whoeverLiesToOneVictimIsShutOutByThatOneAlone() throws Exception {
        ScriptedMember liar = ring.holder(one, 1, forged());
        ring.holder(one, 2, one.honest());
        NodeProcess other =
                ring.cluster.start(ring.config("n3", "auto").joining(ring.node().control()));
        Cluster.awaitHolder(other, ScriptedRing.name(one, 1), List.of(one.layer()));

        ring.pullsWhole(one);
        liar.changesTo(one.honest());
        assertThat(ring.cluster.fetch(other, one.layer().digest()))
                .isEqualTo(one.layer().bytes());

        awaitStanding(ring.node(), 1, "quarantined");
        assertThat(standing(other, 1)).isEmpty();
        for (NodeProcess node : List.of(ring.node(), other)) {
            assertThat(standing(node, 2)).isEmpty();
            assertThat(Cluster.standing(node, "n1")).isEmpty();
            assertThat(Cluster.standing(node, "n3")).isEmpty();
        }
    }

    /** It signs its false ladder in the other's name, with its own key. */
    @Test
    void whoeverFramesAnotherHarmsNobodyButItself() throws Exception {
        ScriptedMember honest = ring.holder(one, 2, one.honest());
        ring.holder(one, 1, forged().signedAs(honest.id()));

        ring.pullsWhole(one);

        awaitStanding(ring.node(), 1, "lowered"); // its bytes were wrong
        assertThat(standing(ring.node(), 2)).isEmpty();
    }

    /**
     * Documented: two that collude are believed, and found out before the last chunk. A client that was cut off meanwhile keeps
     * wrong bytes: that is told, and ends by itself as soon as the root helper runs.
     */
    @Test
    void twoThatColludeAreNamedAndContainerdForgetsTheirBytes() throws Exception {
        NodeProcess node = ring.node();
        CountDownLatch rest = new CountDownLatch(1);
        Script forged = forged().gated(ScriptedRing.heldFrom(16 * MIB, rest));
        ring.holder(one, 1, forged);
        ring.holder(one, 2, forged);
        Containerd victim = ring.cluster.containerd(
                "c2", node.mirror(), ring.cluster.registry().url());
        Future<Programs.Outcome> pull = ring.cluster.pulling(victim, IMAGE);
        Cluster.await("wrong bytes of the layer", () -> ring.unfinished(one, victim) >= MIB || pull.isDone());
        victim.kill();
        rest.countDown(); // soon: holders that stand still for three seconds are left
        assertThat(Cluster.outcomeOf(pull).exit()).isNotZero();

        node.await("the lie to be found out", Cluster.CEILING, () -> ScriptedRing.wrongBytesLeft(node) == 1);
        node.await(
                "it to be told",
                Cluster.CEILING,
                () -> Files.readString(node.log()).contains("run \"ringpull repair containerd\" as root"));
        ring.cluster.ringpull(node, "pull", IMAGE.toString());
        awaitStanding(node, 1, "quarantined");
        awaitStanding(node, 2, "quarantined");
        node.await(
                "evidence in the audit log",
                Cluster.CEILING,
                () -> falseWords(node).size() == 2);
        assertThat(falseWords(node))
                .allSatisfy(line -> assertThat(line).contains("\"signature\"").contains("\"proven_hash\""));
        Programs.Outcome status =
                ring.ringpull("status", "--socket", node.socket().toString());
        assertThat(status.exit()).as(status.output()).isEqualTo(3);
        assertThat(status.output()).contains(one.layer().digest().toString()).contains("ringpull repair containerd");

        Containerd again = ring.cluster.containerd(
                "c2", node.mirror(), ring.cluster.registry().url());
        assertThat(ring.unfinished(one, again)).as("wrong bytes").isPositive();
        Process helper = helper(again);
        try {
            node.await(
                    "containerd to forget wrong bytes",
                    Cluster.CEILING,
                    () -> node.metric("ringpull_handoff_recalled_total", Map.of()) >= 1);
        } finally {
            helper.destroy();
            helper.waitFor();
        }

        assertThat(ring.unfinished(one, again)).isZero();
        node.await(
                "all to be well",
                Cluster.CEILING,
                () -> ring.ringpull("status", "--socket", node.socket().toString())
                                .exit()
                        == 0);
        again.pull(IMAGE);
        ScriptedRing.has(one, again);
    }

    /** Lines of the audit log that are whole. */
    private List<String> falseWords(NodeProcess node) throws IOException {
        String text = Files.readString(node.config().directory().resolve("state/audit.log"));
        return text.substring(0, text.lastIndexOf('\n') + 1)
                .lines()
                .filter(line -> line.contains("\"false_word\"") && line.contains("\"quarantined\""))
                .filter(line -> line.contains(one.layer().digest().toString()))
                .toList();
    }

    private Process helper(Containerd of) throws IOException {
        List<String> words = List.of(
                "helper",
                "--socket",
                ring.helperSocket().toString(),
                "--user",
                "root",
                "--containerd",
                of.socket().toString(),
                "--containerd-root",
                temp.resolve("c2/root").toString());
        return new ProcessBuilder(NodeProcess.command(words))
                .redirectErrorStream(true)
                .redirectOutput(temp.resolve("helper.log").toFile())
                .start();
    }
}
