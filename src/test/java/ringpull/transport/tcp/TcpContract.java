package ringpull.transport.tcp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import ringpull.config.Config;
import ringpull.tls.PeerTls;
import ringpull.transport.Await;
import ringpull.transport.ChunkSource;
import ringpull.transport.Relay;
import ringpull.transport.Transport;
import ringpull.transport.TransportContract;
import ringpull.transport.session.Admission;
import ringpull.transport.session.HolderSessions;

/** The contract over real sockets, with a relay in between that can fail. */
abstract class TcpContract extends TransportContract {
    /** TLS and headers add to what passes for a byte of the blob, and the reader gathers; never as much as this. */
    private static final long OVERHEAD_BYTES = (64 << 10) + Exchange.GATHER_BYTES;

    protected final AtomicLong servedBytes = new AtomicLong();

    @Nullable
    protected ChunkServer server;

    @Nullable
    protected Relay relay;

    protected abstract Config.Io io();

    protected Optional<PeerTls> tls() throws IOException {
        return Optional.empty();
    }

    protected ChunkServer bind(ChunkSource source) throws IOException {
        return ChunkServer.bind(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                source,
                tls(),
                io(),
                servedBytes::addAndGet);
    }

    @Override
    protected InetSocketAddress serve(ChunkSource source) throws IOException {
        ChunkServer bound = bind(source);
        server = bound;
        Relay between = Relay.open(bound.address());
        relay = between;
        return between.address();
    }

    @Override
    protected Transport transport() throws IOException {
        return new TcpTransport(
                tls(),
                io(),
                new HolderSessions(Admission.NONE, System::nanoTime),
                new TcpTransport.Times(Duration.ofSeconds(10), Duration.ofSeconds(20), Duration.ofSeconds(30)),
                ConnectionPool.PER_HOLDER_MAX,
                ConnectionPool.TOTAL_MAX);
    }

    @Override
    protected InetSocketAddress nobody() throws IOException {
        try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return (InetSocketAddress) gone.getLocalSocketAddress();
        }
    }

    @Override
    protected void breakAfter(long bytes) {
        relay().breakAfter(bytes + OVERHEAD_BYTES);
    }

    @Override
    protected void holdAfter(long bytes) {
        relay().holdAfter(bytes + OVERHEAD_BYTES);
    }

    protected final Relay relay() {
        Relay between = relay;
        if (between == null) {
            throw new IllegalStateException("not served yet");
        }
        return between;
    }

    protected final ChunkServer server() {
        ChunkServer bound = server;
        if (bound == null) {
            throw new IllegalStateException("not served yet");
        }
        return bound;
    }

    @AfterEach
    void stop() throws InterruptedException {
        transport.close();
        relay().close();
        Await.until(
                () -> "every connection gone; left are those " + server().connections(),
                () -> server().connections().count() == 0);
        Await.until("every buffer back", () -> server().budget().free() == ChunkServer.Limits.DEFAULT.buffers());
        server().close();
    }
}
