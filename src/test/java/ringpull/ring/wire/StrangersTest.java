package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.ring.Address;
import ringpull.ring.Body;
import ringpull.ring.Change;
import ringpull.ring.Delta;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.Status;
import ringpull.ring.Message;
import ringpull.ring.Rumor;
import ringpull.ring.Version;
import ringpull.tls.PeerTls;
import ringpull.tls.Strangers;
import ringpull.tls.TestCertificates;
import ringpull.v1.RingGrpc;
import ringpull.v1.RingMessage;

/** Who gets into a ring with certificates, and as whom; over real connections. */
class StrangersTest {
    private static final long LIMIT_SECONDS = 60;
    private static final Digest SECRET = Digest.parse("sha256:" + "5".repeat(64));
    private static final Digest INJECTED = Digest.parse("sha256:" + "6".repeat(64));

    private final Deque<AutoCloseable> toClose = new ArrayDeque<>();

    @TempDir
    Path directory;

    private TestCertificates ring;
    private Strangers strangers;
    private PeerTls tls;
    private ControlPort port;
    private RingNode node;

    @BeforeEach
    void startOne() throws IOException {
        ring = new TestCertificates(directory, "ring");
        strangers = new Strangers(ring, directory);
        tls = PeerTls.of(strangers.knownTo(ring.member("one")));
        port = bind(tls);
        node = start(port, tls);
        node.hold(SECRET, 1);
    }

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

    private ControlPort bind(PeerTls certificates) throws IOException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return closing(ControlPort.bind(address, Optional.of(certificates)));
    }

    private RingNode start(ControlPort at, PeerTls certificates, String... seeds) throws IOException {
        Member self = member(
                new MemberId(certificates.identity().memberId()), at.address().getPort());
        return closing(RingNode.start(at, self, new Config.Ring("test", List.of(seeds)), Map.of()));
    }

    private static Member member(MemberId id, int controlPort) {
        return new Member(id, 1_000, "node-" + id, List.of("127.0.0.1"), controlPort, 1, "", "", List.of("tcp"));
    }

    private static void until(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not in " + LIMIT_SECONDS + " s: " + what);
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    /** Wants to know what the node holds, and says that it is a member that holds something. */
    private Message question(MemberId sender) {
        Member member = member(sender, 7746);
        Delta delta = new Delta(sender, 1_000, 0, 1, List.of(new Change(1, INJECTED, 1)));
        return new Message(
                "test",
                Message.PROTOCOL,
                0,
                new Rumor(member, 0, Status.ALIVE),
                List.of(),
                List.of(delta),
                new Body.Repair(
                        List.of(),
                        List.of(new Version(node.self().id(), node.self().epoch(), 0, 0)),
                        0));
    }

    /** What a port answers; a refusal as text. */
    private static String ask(ControlPort asked, @Nullable SslContext client, Message question) {
        return ask(asked, client, Codec.encode(question));
    }

    private static String ask(ControlPort asked, @Nullable SslContext client, RingMessage question) {
        Channels channels = new Channels(client, Runnable::run);
        ManagedChannel channel =
                channels.connect(new Address("127.0.0.1", asked.address().getPort()));
        try {
            RingMessage answer = RingGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                    .exchange(question);
            long secret = new Change(1, SECRET, 1).blob();
            boolean told = answer.getDeltasList().stream()
                    .anyMatch(delta -> delta.getBlobsList().contains(secret));
            return answer.getBodyCase() + (told ? " with the secret" : "");
        } catch (StatusRuntimeException e) {
            return e.getStatus().getCode() + " " + e.getStatus().getDescription();
        } finally {
            channel.shutdownNow();
        }
    }

    private void nothingGotIn() {
        assertThat(node.members()).hasSize(1);
        assertThat(node.holders(INJECTED)).isEmpty();
    }

    @Test
    void aMemberAsksAndIsHeard() throws IOException {
        Config.Tls two = ring.member("two");
        MemberId id = new MemberId(PeerTls.of(two).identity().memberId());
        until(
                "its own blob is announced",
                () -> ask(port, client(two), question(id)).equals("REPAIRED with the secret"));
        until("what it said is known", () -> !node.holders(INJECTED).isEmpty());
        assertThat(node.members()).hasSize(2);
    }

    private static SslContext client(Config.Tls shown) {
        try {
            return Strangers.grpcClient(Optional.of(shown));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void strangersNeitherLearnNorInject() throws IOException {
        for (Map.Entry<String, Config.Tls> stranger : strangers.certificates().entrySet()) {
            long before = tls.refused();
            MemberId id = new MemberId("0123456789abcdef0123456789abcdef");
            assertThat(ask(port, client(stranger.getValue()), question(id)))
                    .as(stranger.getKey())
                    .startsWith("UNAVAILABLE");
            assertThat(tls.refused()).as("refused here: " + stranger.getKey()).isGreaterThan(before);
        }
        nothingGotIn();
    }

    @Test
    void noCertificateAndNoTlsAreRefused() throws IOException {
        MemberId id = new MemberId("0123456789abcdef0123456789abcdef");
        assertThat(ask(port, Strangers.grpcClient(Optional.empty()), question(id)))
                .startsWith("UNAVAILABLE");
        assertThat(ask(port, null, question(id))).startsWith("UNAVAILABLE");
        nothingGotIn();
    }

    @Test
    void aRevocationClosesOpenConnections() throws IOException {
        Path list = Files.writeString(directory.resolve("list"), "");
        Config.Tls files = ring.member("four");
        PeerTls four = PeerTls.of(new Config.Tls(files.cert(), files.key(), files.ca(), Optional.of(list)));
        ControlPort fourth = bind(four);
        Config.Tls lost = ring.member("five");
        MemberId id = new MemberId(PeerTls.of(lost).identity().memberId());
        RingNode dialling = start(fourth, four, "127.0.0.1:" + port.address().getPort());
        until("it dialled", () -> dialling.members().size() == 2);

        Channels channels = new Channels(client(lost), Runnable::run);
        ManagedChannel channel =
                channels.connect(new Address("127.0.0.1", fourth.address().getPort()));
        try {
            RingMessage answer = RingGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                    .exchange(Codec.encode(question(id)));
            assertThat(answer.getBodyCase()).isEqualTo(RingMessage.BodyCase.REPAIRED);
            assertThat(channel.getState(false)).isEqualTo(ConnectivityState.READY);
            until("told of", () -> dialling.members().size() == 3);

            Files.writeString(list, Strangers.fingerprint(lost) + "\n");
            four.refresh();
            four.refresh();

            until("closed", () -> channel.getState(false) != ConnectivityState.READY);
        } finally {
            channel.shutdownNow();
        }
        assertThat(ask(fourth, client(lost), question(id))).startsWith("UNAVAILABLE");
        until("the others stay", () -> sees(dialling, node) && sees(node, dialling));
    }

    private static boolean sees(RingNode by, RingNode other) {
        return by.members().stream()
                .anyMatch(state -> state.member().id().equals(other.self().id()) && state.status() == Status.ALIVE);
    }

    @Test
    void aMemberThatSpeaksAsAnotherIsRefused() throws IOException {
        SslContext two = Strangers.grpcClient(Optional.of(ring.member("two")));
        MemberId three =
                new MemberId(PeerTls.of(ring.member("three")).identity().memberId());

        assertThat(ask(port, two, question(three))).startsWith("PERMISSION_DENIED");
        assertThat(ask(port, two, question(node.self().id()))).startsWith("PERMISSION_DENIED");

        assertThat(node.messagesRejected()).isEqualTo(2);
        nothingGotIn();
    }

    @Test
    void anAnswererThatSpeaksAsAnotherIsNotBelieved() throws IOException {
        // A member with a good certificate runs a daemon that says it is somebody else.
        PeerTls two = PeerTls.of(ring.member("two"));
        ControlPort falsePort = bind(two);
        MemberId other = new MemberId("0123456789abcdef0123456789abcdef");
        RingNode impostor = closing(RingNode.start(
                falsePort, member(other, falsePort.address().getPort()), new Config.Ring("test", List.of()), Map.of()));
        impostor.hold(INJECTED, 1);
        PeerTls three = PeerTls.of(ring.member("three"));
        RingNode asker =
                start(bind(three), three, "127.0.0.1:" + falsePort.address().getPort());

        until("refused", () -> asker.messagesRejected() > 0);
        until("told", () -> asker.members().getFirst().problem().contains("another's"));
        assertThat(asker.members()).hasSize(1);
        assertThat(asker.holders(INJECTED)).isEmpty();
    }

    @Test
    void aSeedOfAnotherRingOrAuthorityIsNotBelieved() throws IOException {
        for (String kind : List.of("another authority's", "another ring's")) {
            PeerTls theirs = PeerTls.of(strangers.certificate(kind));
            ControlPort theirPort = bind(theirs);
            RingNode stranger = start(theirPort, theirs);
            stranger.hold(INJECTED, 1);
            PeerTls two = PeerTls.of(ring.member("two"));
            RingNode asker =
                    start(bind(two), two, "127.0.0.1:" + theirPort.address().getPort());

            until(kind + " is told", () -> asker.members().getFirst().problem().contains("refused"));
            assertThat(asker.members()).as(kind).hasSize(1);
            assertThat(stranger.members()).as(kind).hasSize(1);
            assertThat(two.refused()).as(kind).isPositive();
        }
    }

    @Test
    void twoNodesWithOneCertificateAreTold() throws IOException {
        PeerTls two = PeerTls.of(ring.member("two"));
        RingNode first = start(bind(two), two, "127.0.0.1:" + port.address().getPort());
        until("the first is a member", () -> node.members().size() == 2);
        ControlPort twinPort = bind(two);
        Member twin = new Member(
                first.self().id(),
                2_000,
                "twin",
                List.of("127.0.0.1"),
                twinPort.address().getPort(),
                1,
                "",
                "",
                List.of("tcp"));
        closing(RingNode.start(
                twinPort,
                twin,
                new Config.Ring("test", List.of("127.0.0.1:" + port.address().getPort())),
                Map.of()));

        until(
                "told",
                () -> first.members().stream().anyMatch(state -> state.problem().contains("a certificate of its own")));
    }
}
