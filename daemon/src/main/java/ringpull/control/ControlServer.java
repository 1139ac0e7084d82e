package ringpull.control;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blame.Reputation;
import ringpull.fetch.Images;
import ringpull.fetch.Journal;
import ringpull.ring.Holders;
import ringpull.ring.Membership;
import ringpull.ring.Rendezvous;
import ringpull.scrub.Verifier;
import ringpull.store.BlobStore;

/** The gRPC service behind the command line, on a Unix socket that its owner and group may use. */
public final class ControlServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ControlServer.class);

    private static final int REQUEST_BYTES_MAX = 16 << 10;
    private static final int METADATA_BYTES_MAX = 8 << 10;
    private static final int CALLS_PER_CONNECTION_MAX = 16;
    private static final long STOP_SECONDS = 2;

    private final Path socket;
    private final Server server;
    private final EventLoopGroup eventLoop;
    private final ExecutorService threads;

    /** What the service answers from. */
    public record Sources(
            Membership membership,
            Holders holders,
            Rendezvous rendezvous,
            BlobStore store,
            Journal journal,
            Images images,
            Verifier verifier,
            Supplier<DaemonStatus> status,
            Reputation reputation) {
        /** Where all members stand well. */
        public Sources(
                Membership membership,
                Holders holders,
                Rendezvous rendezvous,
                BlobStore store,
                Journal journal,
                Images images,
                Verifier verifier,
                Supplier<DaemonStatus> status) {
            this(
                    membership,
                    holders,
                    rendezvous,
                    store,
                    journal,
                    images,
                    verifier,
                    status,
                    Reputation.inMemory(InstantSource.system()));
        }
    }

    private ControlServer(Path socket, Server server, EventLoopGroup eventLoop, ExecutorService threads) {
        this.socket = socket;
        this.server = server;
        this.eventLoop = eventLoop;
        this.threads = threads;
    }

    /**
     * Starts to answer on this socket, with mode 0660. A socket that nobody answers on is replaced.
     *
     * @throws IOException with what is in the way, and the key to change
     */
    public static ControlServer bind(Path socket, Sources sources) throws IOException {
        return bind(socket, sources, Epoll.isAvailable());
    }

    /** As above; {@code epoll} or else NIO. */
    static ControlServer bind(Path socket, Sources sources, boolean epoll) throws IOException {
        ControlSocket.prepare(socket);
        EventLoopGroup eventLoop =
                new MultiThreadIoEventLoopGroup(1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        Class<? extends ServerChannel> channel =
                epoll ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class;
        SocketAddress address = epoll ? new DomainSocketAddress(socket.toFile()) : UnixDomainSocketAddress.of(socket);
        ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("control-", 0).factory());
        Server server = NettyServerBuilder.forAddress(address)
                .channelType(channel)
                // gRPC sets it for TCP; null takes it away again, or Netty warns of it with every call.
                .withChildOption(ChannelOption.SO_KEEPALIVE, null)
                .bossEventLoopGroup(eventLoop)
                .workerEventLoopGroup(eventLoop)
                .executor(threads)
                .maxInboundMessageSize(REQUEST_BYTES_MAX)
                .maxInboundMetadataSize(METADATA_BYTES_MAX)
                .maxConcurrentCallsPerConnection(CALLS_PER_CONNECTION_MAX)
                .addService(new ControlService(sources, threads))
                .build();
        ControlServer control = new ControlServer(socket, server, eventLoop, threads);
        try {
            server.start();
            ControlSocket.restrict(socket);
        } catch (IOException e) {
            control.close();
            throw new IOException("cannot listen on the control socket " + socket + ": " + e.getMessage(), e);
        }
        return control;
    }

    /** Stops: pulls that wait are told so, and the socket goes. */
    @Override
    public void close() {
        try {
            // First the file, so that a daemon which starts now and takes the place keeps it.
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            log.warn("the control socket stays behind: {}", e.toString());
        }
        server.shutdownNow();
        threads.shutdownNow();
        try {
            // The event loop goes last: calls that end still write to it.
            if (!server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)
                    || !threads.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                log.warn("the control service still runs after {} s", STOP_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        var _ = eventLoop.shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS);
    }
}
