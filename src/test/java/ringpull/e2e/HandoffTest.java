package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.IMAGE;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
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
import ringpull.demo.Containerd;
import ringpull.demo.NodeProcess;
import ringpull.demo.Programs;
import ringpull.e2e.ScriptedMember.Script;

/**
 * What a real containerd is given while a blob arrives from neighbours with certificates, on hosts of their own: honest and
 * broken ones. Never a wrong byte, and a pull that ends well.
 */
@NeedsRoot
@NeedsPrograms({"containerd", "ctr", "docker-registry"})
class HandoffTest {
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

    private long reads() throws InterruptedException {
        return ring.cluster.reads(one.layer());
    }

    @Test
    void withTwoHonestHoldersBytesReachContainerdWhileTheRestIsStillWithThem() throws Exception {
        CountDownLatch rest = new CountDownLatch(1);
        for (int number : new int[] {1, 2}) {
            ring.holder(one, number, one.honest().gated(ScriptedRing.heldFrom(16 * MIB, rest)));
        }
        double wrong = ScriptedRing.wrongBytesLeft(ring.node());

        Future<Programs.Outcome> pull = ring.cluster.pulling(ring.containerd(), IMAGE);
        // No more than some: holders that stand still for three seconds are left.
        Cluster.await("bytes of the layer", () -> ring.unfinished(one) >= MIB || pull.isDone());
        assertThat(pull.isDone()).isFalse();
        rest.countDown();

        assertThat(Cluster.outcomeOf(pull).exit()).isZero();
        ScriptedRing.has(one, ring.containerd());
        assertThat(reads()).as("reads of the registry").isZero();
        assertThat(ScriptedRing.wrongBytesLeft(ring.node())).isEqualTo(wrong);
    }

    @Test
    void verifiedGivesNothingBeforeTheProof() throws Exception {
        NodeProcess node = ring.start("n2", "verified");
        CountDownLatch rest = new CountDownLatch(1);
        for (int number : new int[] {1, 2}) {
            ring.holder(node, one, number, one.honest().gated(ScriptedRing.heldFrom(16 * MIB, rest)));
        }
        ring.pullThrough(node);
        try {
            Future<Programs.Outcome> pull = ring.cluster.pulling(ring.containerd(), IMAGE);
            Cluster.await("two runs", () -> Cluster.fromPeers(node) >= 16 * MIB || pull.isDone());
            assertThat(ring.unfinished(one)).isZero();
            rest.countDown();

            assertThat(Cluster.outcomeOf(pull).exit()).isZero();
            ScriptedRing.has(one, ring.containerd());
            assertThat(reads()).as("reads of the registry").isZero();
        } finally {
            ring.pullThrough(ring.node());
        }
    }

    @Test
    void aHolderThatTruncatesAndOneThatIsHonest() throws Exception {
        Path cut = ring.copy(one);
        try (RandomAccessFile file = new RandomAccessFile(cut.toFile(), "rw")) {
            file.setLength(18 * MIB + 77);
        }
        ring.holder(one, 1, Script.of(one.layer().digest(), cut, one.layer().file()));
        ring.holder(one, 2, one.honest());

        ring.pullsWhole(one);
        assertThat(reads()).as("reads of the registry").isZero();
    }

    @Test
    void aHolderThatStallsAtTheEndAndOneThatIsHonest() throws Exception {
        ring.holder(one, 1, one.honest().gated(ring.stallsFrom(one.layer().bytes() * 99 / 100)));
        ring.holder(one, 2, one.honest());

        ring.pullsWhole(one);
        assertThat(reads()).as("reads of the registry").isZero();
    }

    @Test
    void theOnlyHolderStallsAtTheEndAndTheRegistryGivesTheRest() throws Exception {
        ring.holder(one, 1, one.honest().gated(ring.stallsFrom(one.layer().bytes() * 99 / 100)));
        long before = Cluster.fromOrigin(ring.node());

        ring.pullsWhole(one);
        assertThat(Cluster.fromOrigin(ring.node()) - before)
                .isLessThan(one.layer().bytes());
    }

    /** One bit of each chunk is another, or chunks lie where others belong: a disk, not a liar, so nobody is banned. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void oneOfThreeHoldersWithABadDiskIsAskedAfterOthers(boolean swapped) throws Exception {
        Path bad = ring.copy(one);
        for (long chunk = 0; chunk + 1 < one.layer().bytes() / MIB; chunk += 2) {
            if (swapped) {
                swap(bad, chunk * MIB, (chunk + 1) * MIB);
            } else {
                Cluster.flipByte(bad, chunk * MIB + 99);
                Cluster.flipByte(bad, chunk * MIB + MIB + 99);
            }
        }
        ring.holder(one, 1, Script.of(one.layer().digest(), bad, one.layer().file()));
        ring.holder(one, 2, one.honest());
        ring.holder(one, 3, one.honest());

        ring.pullsWhole(one);

        ring.node()
                .await(
                        "the bad disk to be found out",
                        Cluster.CEILING,
                        () -> Cluster.standing(ring.node(), ScriptedRing.name(one, 1))
                                .equals("lowered"));
        assertThat(Cluster.standing(ring.node(), ScriptedRing.name(one, 2))).isEmpty();
        assertThat(Cluster.standing(ring.node(), ScriptedRing.name(one, 3))).isEmpty();
    }

    private static void swap(Path path, long one, long other) throws IOException {
        byte[] a = new byte[MIB];
        byte[] b = new byte[MIB];
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(one);
            file.readFully(a);
            file.seek(other);
            file.readFully(b);
            file.seek(one);
            file.write(b);
            file.seek(other);
            file.write(a);
        }
    }

    /** Its bytes go in plain text, and each chunk is changed on its way: it is read again over TLS, and the path is blamed. */
    @Test
    void aPathThatFlipsBitsUnderTheOnlyHolderWhichIsHonest() throws Exception {
        ring.holder(one, 1, one.honest().overABadPath());

        ring.pullsWhole(one);

        assertThat(reads()).as("reads of the registry").isZero();
        ring.node()
                .await(
                        "the path to be found out",
                        Cluster.CEILING,
                        () -> Cluster.standing(ring.node(), ScriptedRing.name(one, 1))
                                .equals("lowered"));
        assertThat(ring.cluster.ringpull(ring.node(), "members")).contains("right over TLS: the path is bad");
    }

    @Test
    void aDiskThatRotsUnderACompleteBlobIsFoundAtTheReadAndMended() throws Exception {
        NodeProcess node = ring.node();
        ring.pullsWhole(one);
        Cluster.flipByte(Cluster.storedFile(node, one.layer()), 7 * MIB + 7);
        Cluster.flipByte(Cluster.storedFile(node, one.layer()), one.layer().bytes() - 1);
        long before = Cluster.fromOrigin(node);
        double damaged = node.metric("ringpull_store_damaged_chunks_total", Map.of());

        Containerd second = ring.cluster.containerd("c2", node.mirror(), Cluster.NOBODY);
        second.pull(IMAGE);

        Cluster.assertHas(second, one.image());
        assertThat(node.metric("ringpull_store_damaged_chunks_total", Map.of()) - damaged)
                .isEqualTo(2);
        assertThat(Cluster.fromOrigin(node) - before)
                .as("only what was damaged, and its neighbourhood")
                .isLessThan(4 * MIB);
        assertThat(ring.cluster.ringpull(node, "trace", one.layer().digest().toString()))
                .contains("2 of 2");
    }
}
