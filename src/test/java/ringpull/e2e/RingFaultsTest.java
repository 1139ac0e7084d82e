package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import ringpull.demo.NodeProcess;

/**
 * Twelve real daemons with certificates, each on a host of its own, and what clusters do to them. They share one ring: every test begins and
 * ends with all alive and of one mind. More rounds where the environment's RINGPULL_TEST_SCALE is more.
 */
@NeedsRoot
@NeedsPrograms({"ip", "iptables", "nsenter", "unshare", "nginx", "curl"})
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RingFaultsTest {
    private static final int SIZE = 12;
    private static final int ROUNDS = Optional.ofNullable(System.getenv("RINGPULL_TEST_SCALE"))
            .map(Integer::parseInt)
            .orElse(1);

    /** Who wants a new blob at once. */
    private static final List<Integer> PULLERS = List.of(0, 1, 2, 3, 4, 5);

    /** One for each home, and what is read twice on a busy machine; six might be read. */
    private static final double COPIES_MAX = 3;

    private static final int MIB = 1 << 20;

    /** Of its ring messages that each member sends, so that suspicions would have run out meanwhile. */
    private static final int A_WHILE = 20;

    /**
     * A probe and a repair a second, each answered, and three times as much for what goes on; if each spoke to each there would
     * be twenty. The simulation counts them to the tenth.
     */
    private static final double MESSAGES_PER_SECOND_MAX = 12;

    private LanRing ring;

    @BeforeAll
    void start(@TempDir Path directory) throws IOException, InterruptedException {
        ring = LanRing.open(directory);
        ring.grow(SIZE);
        ring.fetchNew(1);
        ring.fetchNew(SIZE - 1);
        ring.awaitEqual();
    }

    @AfterAll
    void stop() {
        ring.close();
    }

    @AfterEach
    void heal() throws IOException, InterruptedException {
        ring.lan().heal();
        ring.restartDead();
        ring.awaitEqual();
    }

    @Test
    void noMemberSpeaksToAllOthersAllTheTime() throws IOException, InterruptedException {
        ring.awaitMessages(ring.all(), A_WHILE); // those that have just joined ask more
        double messages = ring.messagesPerSecond(ring.all(), A_WHILE);

        System.out.printf("ring messages a second and member: %.1f of %d%n", messages, SIZE);
        assertThat(messages).isLessThan(MESSAGES_PER_SECOND_MAX);
    }

    @Test
    void underLossAKilledMemberLeavesEveryViewAndNobodyElseDoes() throws IOException, InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            int victim = SIZE - 1 - round % (SIZE - 2);
            String name = ring.nodes().get(victim).name();
            String blob = ring.fetchNew(victim);
            ring.awaitEqual();
            List<Integer> others = ring.allBut(victim);
            Map<Path, Long> before = ring.logEnds();
            ring.lan().lose(10);

            ring.nodes().get(victim).kill();

            ring.awaitViews(others, ring.names(others));
            ring.awaitMessages(others, A_WHILE);
            assertThat(ring.declaredDeadSince(before)).containsExactly(name);
            assertThat(ring.lan().lostPackets()).isPositive();
            for (int other : others) {
                assertThat(ring.holders(other, blob))
                        .as("a dead member holds nothing")
                        .isEmpty();
            }
            ring.restartDead();
            ring.awaitEqual();
            ring.lan().heal();
        }
    }

    @Test
    void aMemberThatStoodStillIsBackAndNeverTwoAndAOneWayCutHarmsNobody() throws IOException, InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            NodeProcess paused = ring.nodes().get(5);
            Map<Path, Long> before = ring.logEnds();
            signal(paused, "STOP");
            ring.lan().cut(ring.hostOf(2), ring.hostOf(3));
            ring.lan().cut(ring.hostOf(4), ring.hostOf(2));
            // The fault itself: so long a pause.
            TimeUnit.SECONDS.sleep(20);
            Cluster.await("it to be missed", () -> !"alive".equals(ring.view(0).get(paused.name())));
            signal(paused, "CONT");

            ring.awaitEqual();

            ring.awaitMessages(ring.all(), A_WHILE);
            assertThat(ring.declaredDeadSince(before)).isSubsetOf(paused.name());
            assertThat(ring.lan().lostPackets()).isPositive();
            ring.lan().heal();
        }
    }

    private static void signal(NodeProcess node, String name) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(node.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    @Test
    void twoHalvesThatLostEachOtherBecomeOneAgain() throws IOException, InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            List<Integer> one =
                    IntStream.range(0, SIZE).filter(n -> n % 2 == 0).boxed().toList();
            List<Integer> other =
                    IntStream.range(0, SIZE).filter(n -> n % 2 == 1).boxed().toList();
            ring.lan().partition(ring.hostsOf(one), ring.hostsOf(other));
            String ours = ring.fetchNew(one.getFirst());
            String theirs = ring.fetchNew(other.getFirst());
            ring.awaitViews(one, ring.names(one));
            ring.awaitViews(other, ring.names(other));
            assertThat(ring.holders(other.getLast(), ours)).isEqualTo(Set.of());
            assertThat(ring.holders(one.getLast(), theirs)).isEqualTo(Set.of());

            ring.lan().heal();

            ring.awaitEqual();
        }
    }

    @Test
    void aColdStartGoesOnInTwoHalvesAndEndsInOne() throws IOException, InterruptedException {
        byte[] blob = newBlob();
        String digest = ring.publish(blob);
        long before = ring.fromOrigin(PULLERS);
        List<Future<String>> pulls = ring.fetching(PULLERS, digest);
        awaitFromOrigin(before + 4 * MIB);

        ring.lan().partition(ring.hostsOf(PULLERS.subList(0, 3)), ring.hostsOf(ring.allBut(0, 1, 2)));
        awaitFromOrigin(before + 8 * MIB);
        ring.lan().heal();

        for (Future<String> pull : pulls) {
            assertThat(Cluster.outcomeOf(pull)).isEqualTo(digest);
        }
        assertThat((double) (ring.fromOrigin(PULLERS) - before) / blob.length)
                .as("copies for two halves")
                .isLessThanOrEqualTo(COPIES_MAX);
    }

    /** Whoever cannot reach the home goes by another: then there are two, and each has the blob read once. */
    @Test
    void aColdStartWhereOneCannotReachTheHomeThatTheOthersSee() throws IOException, InterruptedException {
        byte[] blob = newBlob();
        String digest = ring.publish(blob);
        int home = ring.home(digest);
        int apart =
                PULLERS.stream().filter(number -> number != home).findFirst().orElseThrow();
        ring.lan().cut(ring.hostOf(home), ring.hostOf(apart));
        ring.lan().cut(ring.hostOf(apart), ring.hostOf(home));
        long before = ring.fromOrigin(PULLERS);

        for (Future<String> pull : ring.fetching(PULLERS, digest)) {
            assertThat(Cluster.outcomeOf(pull)).isEqualTo(digest);
        }

        assertThat(ring.lan().lostPackets()).isPositive();
        assertThat((double) (ring.fromOrigin(PULLERS) - before) / blob.length)
                .as("copies for two homes")
                .isLessThanOrEqualTo(COPIES_MAX);
    }

    private static byte[] newBlob() {
        byte[] blob = new byte[16 * MIB + 11];
        new Random().nextBytes(blob);
        return blob;
    }

    private void awaitFromOrigin(long bytes) throws InterruptedException {
        Cluster.await("more from the origin", () -> {
            TimeUnit.MILLISECONDS.sleep(100); // a look costs four processes a member
            return ring.fromOrigin(PULLERS) >= bytes;
        });
    }
}
