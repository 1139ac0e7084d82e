package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.ring.Address;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.MemberState;
import ringpull.ring.Membership.Status;

/**
 * Many real nodes in one process, on loopback: they join at once, some die, the others find out. 100 of them, or as
 * many as {@code RINGPULL_TEST_SCALE} leaves of these.
 */
class ManyRingNodesTest {
    private static final double SCALE = Double.parseDouble(System.getenv().getOrDefault("RINGPULL_TEST_SCALE", "1.0"));
    private static final int NODES = (int) Math.clamp(100 * SCALE, 5, 100);
    private static final int DEAD = NODES / 10;
    private static final long LIMIT_SECONDS = 180;

    private final List<RingNode> nodes = new ArrayList<>();

    @AfterEach
    void close() {
        nodes.forEach(RingNode::close);
    }

    @Test
    void allJoinAtOnceAndFindOutWhoDied() throws IOException {
        List<ControlPort> ports = new ArrayList<>();
        for (int i = 0; i < NODES; i++) {
            ports.add(ControlPort.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), Optional.empty()));
        }
        String seed = new Address("127.0.0.1", ports.getFirst().address().getPort()).toString();
        for (int i = 0; i < NODES; i++) {
            nodes.add(RingNode.start(
                    ports.get(i), member(i, ports), new Config.Ring("test", List.of(seed)), Map.of(blob(i), 7L)));
        }
        double joined = until("all know all", () -> nodes.stream().allMatch(node -> knows(node, nodes)));

        List<RingNode> dead = List.copyOf(nodes.subList(NODES / 2, NODES / 2 + DEAD));
        dead.forEach(RingNode::close);
        nodes.removeAll(dead);
        double found = until("all know who died", () -> nodes.stream().allMatch(node -> knows(node, nodes)));
        System.out.printf("%d nodes joined in %.1f s, %d deaths were known after %.1f s%n", NODES, joined, DEAD, found);

        for (RingNode node : nodes) {
            for (int i = 0; i < DEAD; i++) {
                assertThat(node.holders(blob(NODES / 2 + i))).isEmpty();
            }
            assertThat(node.messagesRejected()).isZero();
        }
    }

    private static Member member(int index, List<ControlPort> ports) {
        // Its own control port stands for the data port, so that dialling back works.
        int port = ports.get(index).address().getPort();
        MemberId id = MemberId.random(RandomGenerator.getDefault());
        return new Member(id, 1_000, "node" + index, List.of("127.0.0.1"), port, port, "", "", List.of("tcp"));
    }

    private static Digest blob(int owner) {
        return Digest.parse(String.format("sha256:%064x", owner));
    }

    private static boolean knows(RingNode node, List<RingNode> all) {
        List<MemberState> counted =
                node.members().stream().filter(state -> state.status().counts()).toList();
        return counted.size() == all.size()
                && counted.stream().allMatch(state -> state.status() == Status.ALIVE && state.blobs() == 1);
    }

    private double until(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(LIMIT_SECONDS)) {
                throw new AssertionError("not in " + LIMIT_SECONDS + " s: " + what + "; they count "
                        + nodes.stream().map(ManyRingNodesTest::counted).toList());
            }
            LockSupport.parkNanos(50_000_000);
        }
        return (System.nanoTime() - start) / 1e9;
    }

    private static long counted(RingNode node) {
        return node.members().stream()
                .filter(state -> state.status() == Status.ALIVE)
                .count();
    }
}
