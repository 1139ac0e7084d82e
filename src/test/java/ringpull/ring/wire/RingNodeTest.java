package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
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
import ringpull.tls.PeerTls;
import ringpull.v1.RingGrpc;
import ringpull.v1.RingMessage;

/** Rings of real nodes on loopback. */
class RingNodeTest {
    private static final long LIMIT_SECONDS = 60;

    private final Deque<AutoCloseable> toClose = new ArrayDeque<>();
    private long epoch = 1_000;

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : toClose) {
            closeable.close();
        }
    }

    private <T extends AutoCloseable> T closing(T closeable) {
        toClose.push(closeable);
        return closeable;
    }

    private static Digest digest(int number) {
        return Digest.parse(String.format("sha256:%064x", number));
    }

    private static MemberId id() {
        return MemberId.random(RandomGenerator.getDefault());
    }

    private ControlPort bind(String host, int port, Optional<PeerTls> tls) throws IOException {
        return closing(ControlPort.bind(new InetSocketAddress(InetAddress.ofLiteral(host), port), tls));
    }

    private int listening(String host) throws IOException {
        return closing(new ServerSocket(0, 50, InetAddress.ofLiteral(host))).getLocalPort();
    }

    private Member member(MemberId id, List<String> addresses, int controlPort, int dataPort) {
        String name = "node-" + id;
        return new Member(id, ++epoch, name, addresses, controlPort, dataPort, "r1", "z1", List.of("tcp"));
    }

    private RingNode start(ControlPort port, Member self, String cluster, String... seeds) throws IOException {
        return closing(RingNode.start(port, self, new Config.Ring(cluster, Arrays.asList(seeds)), Map.of()));
    }

    private RingNode node(String host, String... seeds) throws IOException {
        ControlPort port = bind(host, 0, Optional.empty());
        return start(port, member(id(), List.of(host), port.address().getPort(), listening(host)), "test", seeds);
    }

    private static String door(RingNode node) {
        return new Address(node.self().addresses().getFirst(), node.self().controlPort()).toString();
    }

    private void until(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not in " + LIMIT_SECONDS + " s: " + what + describe());
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    private String describe() {
        StringBuilder text = new StringBuilder();
        for (AutoCloseable closeable : toClose) {
            if (closeable instanceof RingNode node) {
                text.append("\n").append(node.self().id()).append(" sees ").append(node.members());
            }
        }
        return text.toString();
    }

    private static Optional<MemberState> seen(RingNode by, RingNode other) {
        return by.members().stream()
                .filter(state -> state.member().id().equals(other.self().id()))
                .findFirst();
    }

    private static boolean sees(RingNode by, RingNode other, Status status) {
        return seen(by, other).filter(state -> state.status() == status).isPresent();
    }

    private static String problem(RingNode by, RingNode of) {
        return seen(by, of).map(MemberState::problem).orElse("not a member");
    }

    private static boolean holds(RingNode asked, RingNode holder, Digest digest) {
        return asked.holders(digest).stream()
                .anyMatch(h -> h.member().id().equals(holder.self().id()));
    }

    private void threeNodesFormARing(String host) throws IOException {
        RingNode first = node(host);
        RingNode second = node(host, door(first));
        RingNode third = node(host, door(first));
        first.hold(digest(1), 100);
        second.hold(digest(2), 200);

        until(
                "the third knows who holds what",
                () -> holds(third, first, digest(1)) && holds(third, second, digest(2)));
        until("the first knows all", () -> sees(first, second, Status.ALIVE) && sees(first, third, Status.ALIVE));
        assertThat(third.holders(digest(2)).getFirst().sizeBytes()).isEqualTo(200);
        assertThat(second.holders(digest(2))).as("not itself").isEmpty();
        until("the third can be dialled back", () -> problem(third, third).isEmpty());
        assertThat(first.messagesSent()).isPositive();

        second.drop(digest(2));
        until("the drop is known", () -> third.holders(digest(2)).isEmpty());

        first.close();
        until(
                "the first is gone",
                () -> sees(second, first, Status.DEAD)
                        && third.holders(digest(1)).isEmpty());

        ControlPort again = bind(host, first.self().controlPort(), Optional.empty());
        Member restarted =
                member(first.self().id(), List.of(host), again.address().getPort(), listening(host));
        Config.Ring settings = new Config.Ring("test", List.of(door(third)));
        RingNode back = closing(RingNode.start(again, restarted, settings, Map.of(digest(3), 300L)));
        until("it is back with what it holds", () -> holds(second, back, digest(3)) && holds(third, back, digest(3)));
    }

    @Test
    void threeNodesFormARingOverIpv4() throws IOException {
        threeNodesFormARing("127.0.0.1");
    }

    @Test
    void threeNodesFormARingOverIpv6() throws IOException {
        boolean ipv6 = true;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("::1"))) {
            assertThat(socket.isBound()).isTrue();
        } catch (IOException e) {
            ipv6 = false;
        }
        assumeTrue(ipv6, "this machine has no ::1");
        threeNodesFormARing("0:0:0:0:0:0:0:1");
    }

    @Test
    void whoLeavesSaysSo() throws IOException, InterruptedException {
        RingNode first = node("127.0.0.1");
        RingNode second = node("127.0.0.1", door(first));
        second.hold(digest(1), 1);
        until("they know each other", () -> holds(first, second, digest(1)));
        second.leave();
        second.close();
        until("the other knows", () -> sees(first, second, Status.LEFT));
        assertThat(first.holders(digest(1))).isEmpty();
    }

    @Test
    void aSeedByNameIsAllItsAddressesAndItselfIsSkipped() throws IOException {
        RingNode first = node("127.0.0.1");
        ControlPort port = bind("127.0.0.1", 0, Optional.empty());
        int own = port.address().getPort();
        Member self = member(id(), List.of("127.0.0.1"), own, listening("127.0.0.1"));
        RingNode second = start(
                port,
                self,
                "test",
                "127.0.0.1:" + own,
                "localhost:" + first.self().controlPort());
        until("they know each other", () -> sees(first, second, Status.ALIVE) && sees(second, first, Status.ALIVE));
        assertThat(second.members()).hasSize(2);
    }

    @Test
    void ringsOfDifferentNamesDoNotMix() throws IOException {
        RingNode first = node("127.0.0.1");
        ControlPort port = bind("127.0.0.1", 0, Optional.empty());
        Member self = member(id(), List.of("127.0.0.1"), port.address().getPort(), listening("127.0.0.1"));
        RingNode stranger = start(port, self, "other", door(first));
        until("the stranger says why", () -> problem(stranger, stranger).contains("another ring"));
        assertThat(problem(stranger, stranger)).contains(door(first));
        assertThat(first.members()).hasSize(1);
        assertThat(stranger.members()).hasSize(1);
        assertThat(first.messagesRejected()).isPositive();
    }

    @Test
    void aPortThatCannotBeDialledBackIsShownOnBothSides() throws IOException {
        RingNode first = node("127.0.0.1");
        int closedPort;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            closedPort = socket.getLocalPort();
        }
        ControlPort port = bind("127.0.0.1", 0, Optional.empty());
        RingNode second = start(
                port, member(id(), List.of("127.0.0.1"), port.address().getPort(), closedPort), "test", door(first));
        String where = "cannot be dialled back at 127.0.0.1:" + closedPort + " (data): ";
        until("the joiner knows", () -> problem(second, second).startsWith(where));
        assertThat(problem(second, second)).contains("refused").contains("[peer] address");
        until("the seed knows", () -> problem(first, second).startsWith(where));
    }

    @Test
    void allAddressesOfAMemberAreTried() throws IOException {
        RingNode first = node("127.0.0.1");
        ControlPort port = bind("127.0.0.1", 0, Optional.empty());
        int control = port.address().getPort();
        Member self = member(id(), List.of("127.0.0.99", "127.0.0.1"), control, listening("127.0.0.1"));
        RingNode second = start(port, self, "test", door(first));
        until(
                "the closed door is named",
                () -> problem(second, second).contains("127.0.0.99:" + control + " (control)"));
        first.hold(digest(5), 5);
        until("they talk all the same", () -> holds(second, first, digest(5)));
        for (int pings = 0; pings < 3; pings++) {
            long before = first.messagesSent();
            until("the first goes on asking", () -> first.messagesSent() > before + 3);
            assertThat(sees(first, second, Status.DEAD)).isFalse();
            until("it does not doubt the second", () -> sees(first, second, Status.ALIVE));
        }
    }

    @Test
    void aPortInUseIsNamed() throws IOException {
        ControlPort taken = bind("127.0.0.1", 0, Optional.empty());
        InetSocketAddress address = taken.address();
        assertThatThrownBy(() -> ControlPort.bind(address, Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("127.0.0.1:" + address.getPort())
                .hasMessageContaining("[peer] control port")
                .hasMessageContaining("in use");
    }

    @Test
    void aPortThatIsNotServedYetSaysSo() throws IOException {
        ControlPort port = bind("127.0.0.1", 0, Optional.empty());
        assertThat(refusal(new Channels(null, Runnable::run), port))
                .startsWith("UNAVAILABLE")
                .contains("starting");
    }

    @Test
    void nonsenseIsRefusedAndCounted() throws IOException {
        ControlPort port = bind("127.0.0.1", 0, Optional.empty());
        RingNode node =
                start(port, member(id(), List.of("127.0.0.1"), port.address().getPort(), 1), "test");
        assertThat(refusal(new Channels(null, Runnable::run), port)).startsWith("INVALID_ARGUMENT");
        assertThat(node.messagesRejected()).isEqualTo(1);
    }

    /** What a port answers to an empty message. */
    private static String refusal(Channels channels, ControlPort port) {
        ManagedChannel channel =
                channels.connect(new Address("127.0.0.1", port.address().getPort()));
        try {
            return RingGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                    .exchange(RingMessage.getDefaultInstance())
                    .toString();
        } catch (StatusRuntimeException e) {
            return e.getStatus().getCode() + " " + e.getStatus().getDescription();
        } finally {
            channel.shutdownNow();
        }
    }
}
