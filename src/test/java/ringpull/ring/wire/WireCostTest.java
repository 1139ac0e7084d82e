package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.grpc.ManagedChannel;
import io.netty.handler.ssl.OpenSsl;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.ring.Address;
import ringpull.ring.Body;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.Status;
import ringpull.ring.Message;
import ringpull.ring.Rumor;
import ringpull.sim.Network;
import ringpull.tls.PeerTls;
import ringpull.tls.TestCertificates;
import ringpull.v1.RingGrpc;
import ringpull.v1.RingMessage;

/** What a connection and a message cost on the wire is what the simulator charges for them. */
class WireCostTest {
    private static final int LIMIT_SECONDS = 60;

    /** IP and TCP headers of a packet, and of its acknowledgement. */
    private static final int PACKET_BYTES = 104;

    /** Packets of a handshake, the end of the connection included. */
    private static final int HANDSHAKE_PACKETS = 8;

    private static final int DIALS = 5;
    private static final int EXCHANGES = 40;

    private final Deque<AutoCloseable> toClose = new ArrayDeque<>();

    @TempDir
    Path directory;

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

    private static Member member(PeerTls tls, int port) {
        MemberId id = new MemberId(tls.identity().memberId());
        return new Member(id, 1_000, "node", List.of("127.0.0.1"), port, port, "", "", List.of("tcp"));
    }

    @Test
    void connectionsAndMessagesCostWhatTheSimulatorCharges() throws IOException {
        assumeTrue(OpenSsl.isAvailable(), "the TLS library for this processor is another");
        TestCertificates ring = new TestCertificates(directory, "ring");
        PeerTls one = PeerTls.of(ring.member("one"));
        PeerTls two = PeerTls.of(ring.member("two"));
        ControlPort port = closing(
                ControlPort.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), Optional.of(one)));
        closing(RingNode.start(
                port,
                member(one, port.address().getPort()),
                new Config.Ring(TestCertificates.CLUSTER, List.of()),
                Map.of()));
        Counted way = closing(new Counted(port.address()));
        Channels channels = closing(new Channels(two.controlClient(), Executors.newVirtualThreadPerTaskExecutor()));
        RingMessage ping = Codec.encode(new Message(
                TestCertificates.CLUSTER,
                Message.PROTOCOL,
                0,
                new Rumor(member(two, 7746), 0, Status.ALIVE),
                List.of(),
                List.of(),
                new Body.Ping()));

        double handshake = 0;
        double exchange = 0;
        for (int dial = 0; dial < DIALS; dial++) {
            ManagedChannel channel = channels.connect(way.address());
            handshake += way.bytes(channel, ping);
            for (int i = 0; i < EXCHANGES; i++) {
                exchange += way.bytes(channel, ping);
            }
            channel.shutdownNow();
        }
        exchange /= DIALS * EXCHANGES;
        handshake = handshake / DIALS - exchange;

        assertThat(exchange / 2 + PACKET_BYTES)
                .as("a message, beside what it says")
                .isBetween(0.75 * Network.FRAME_BYTES, 1.0 * Network.FRAME_BYTES);
        assertThat(handshake + HANDSHAKE_PACKETS * PACKET_BYTES)
                .as("a handshake")
                .isBetween(0.75 * Network.HANDSHAKE_BYTES, 1.0 * Network.HANDSHAKE_BYTES);
    }

    /** A way to a server that counts the bytes that pass, in both directions. */
    private static final class Counted implements AutoCloseable {
        private final AtomicLong passed = new AtomicLong();
        private final InetSocketAddress server;
        private final ServerSocket listener;

        private Counted(InetSocketAddress server) throws IOException {
            this.server = server;
            listener = new ServerSocket(0, 8, server.getAddress());
            Thread.ofVirtual().start(this::accept);
        }

        private Address address() {
            return new Address("127.0.0.1", listener.getLocalPort());
        }

        /** What passes for a question and its answer, beside those themselves. */
        private long bytes(ManagedChannel channel, RingMessage question) {
            long before = passed.get();
            RingMessage answer = RingGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                    .exchange(question);
            return passed.get() - before - question.getSerializedSize() - answer.getSerializedSize();
        }

        private void accept() {
            try {
                while (true) {
                    Socket client = listener.accept();
                    Socket onward = new Socket(server.getAddress(), server.getPort());
                    Thread.ofVirtual().start(() -> pass(client, onward));
                    Thread.ofVirtual().start(() -> pass(onward, client));
                }
            } catch (IOException e) {
                // closed
            }
        }

        private void pass(Socket from, Socket to) {
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                byte[] step = new byte[8 << 10];
                for (int read = in.read(step); read >= 0; read = in.read(step)) {
                    passed.addAndGet(read);
                    out.write(step, 0, read);
                }
            } catch (IOException e) {
                // either end went
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }
}
