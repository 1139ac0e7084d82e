package ringpull.mirror;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.config.Config;
import ringpull.fetch.Blobs;
import ringpull.fetch.Journal;
import ringpull.fetch.Tags;
import ringpull.metrics.Meters;

/**
 * The registry API for clients on this host: pulls only, no credentials asked, heeded or logged. Whoever reaches it may
 * read what this node may read. Threads: event loops move bytes (files go by sendfile), each request waits on a virtual
 * thread. Methods may be called from any thread.
 */
public final class MirrorServer implements AutoCloseable {
    /** The User-Agent of the daemon's own requests, which do not count as a client's. */
    public static final String WATCHDOG_USER_AGENT = "ringpull-watchdog";

    static final int REQUEST_LINE_BYTES_MAX = 8 << 10;
    static final int HEADER_BYTES_MAX = 16 << 10;
    private static final int BACKLOG_MAX = 1024;
    private static final int EVENT_LOOPS_MAX = 4;
    private static final Duration LAST_WORDS_MAX = Duration.ofSeconds(1);
    private static final Logger log = LoggerFactory.getLogger(MirrorServer.class);

    private final Exchange.Parts parts;
    private final Connection.Limits limits;
    private final InstantSource clock;
    private final EventLoopGroup eventLoops;
    private final ChannelGroup connections = new DefaultChannelGroup("mirror", GlobalEventExecutor.INSTANCE);
    private final ExecutorService exchanges = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("mirror-", 0).factory());
    private final Channel listener;
    private volatile @Nullable Instant lastRequest;
    private volatile boolean stopping;

    private MirrorServer(
            InetSocketAddress address,
            boolean epoll,
            Exchange.Parts parts,
            Connection.Limits limits,
            InstantSource clock)
            throws IOException {
        this.parts = parts;
        this.limits = limits;
        this.clock = clock;
        IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        int loops = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, EVENT_LOOPS_MAX);
        eventLoops = new MultiThreadIoEventLoopGroup(loops, new DefaultThreadFactory("mirror-io", true), io);
        Class<? extends ServerChannel> type = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        ChannelFuture bound = new ServerBootstrap()
                .group(eventLoops)
                .channel(type)
                .option(ChannelOption.SO_BACKLOG, BACKLOG_MAX)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new Pipeline())
                .bind(address)
                .awaitUninterruptibly();
        Throwable failure = bound.cause();
        if (failure != null) {
            eventLoops.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly();
            exchanges.shutdown();
            throw bindFailure(address, failure);
        }
        listener = bound.channel();
    }

    /**
     * Listens, and serves from now on.
     *
     * @param settings address and port; port 0 takes a free one
     * @param handoff how long clients may have to wait
     * @throws BindException if the address cannot be listened on, above all because the port is taken
     */
    public static MirrorServer bind(
            Config.Mirror settings,
            Config.Handoff handoff,
            Blobs blobs,
            Tags tags,
            Journal journal,
            Meters meters,
            InstantSource clock)
            throws IOException {
        return bind(
                settings,
                handoff,
                blobs,
                tags,
                journal,
                meters,
                clock,
                Connection.Limits.STANDARD,
                Epoll.isAvailable());
    }

    static MirrorServer bind(
            Config.Mirror settings,
            Config.Handoff handoff,
            Blobs blobs,
            Tags tags,
            Journal journal,
            Meters meters,
            InstantSource clock,
            Connection.Limits limits,
            boolean epoll)
            throws IOException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(settings.address()), settings.port());
        BrokenOff brokenOff = new BrokenOff(System::nanoTime);
        Exchange.Parts parts = new Exchange.Parts(blobs, tags, journal, meters, handoff, brokenOff, System::nanoTime);
        return new MirrorServer(address, epoll, parts, limits, clock);
    }

    private static BindException bindFailure(InetSocketAddress address, Throwable cause) {
        BindException failure = new BindException("the mirror cannot listen on "
                + address.getAddress().getHostAddress() + " port " + address.getPort() + ": " + cause.getMessage());
        failure.initCause(cause);
        return failure;
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** When a client last asked for anything; empty if none has. */
    public Optional<Instant> lastRequest() {
        return Optional.ofNullable(lastRequest);
    }

    /**
     * Stops accepting at once, lets running answers finish for this long, and ends the rest with FIN, so that their
     * clients resume upstream. Returns when all is closed.
     */
    public void stop(Duration grace) throws InterruptedException {
        stopping = true;
        listener.close().await();
        try {
            tell(Connection.Stop.AFTER_ANSWER);
            if (!connections.newCloseFuture().await(grace.toMillis())) {
                log.info("{} answers are cut short after {} s", connections.size(), grace.toSeconds());
                tell(Connection.Stop.NOW);
                connections.newCloseFuture().await(LAST_WORDS_MAX.toMillis());
            }
        } finally {
            end();
        }
    }

    /** In this order: exchanges that end say so to their event loops. */
    private void end() throws InterruptedException {
        long most = LAST_WORDS_MAX.toMillis();
        connections.close().awaitUninterruptibly(most);
        exchanges.shutdownNow();
        if (!exchanges.awaitTermination(most, TimeUnit.MILLISECONDS)) {
            log.warn("some answers do not end; the mirror stops without them");
        }
        if (!eventLoops.shutdownGracefully(0, most, TimeUnit.MILLISECONDS).await(2 * most)) {
            log.warn("some event loops do not end; the mirror stops without them");
        }
    }

    /** Stops without grace. */
    @Override
    public void close() {
        try {
            stop(Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(Connection.Stop stop) {
        connections.forEach(channel -> channel.pipeline().fireUserEventTriggered(stop));
    }

    /** Whether a new connection may stay. */
    boolean admit(Channel channel) {
        connections.add(channel);
        if (stopping) {
            channel.pipeline().fireUserEventTriggered(Connection.Stop.AFTER_ANSWER);
        }
        return connections.size() <= limits.connections();
    }

    Exchange exchange(HttpRequest request, Reply reply) {
        if (!WATCHDOG_USER_AGENT.equals(request.headers().get(HttpHeaderNames.USER_AGENT))) {
            lastRequest = clock.instant();
        }
        return new Exchange(request, reply, parts);
    }

    Future<?> run(Runnable exchange) {
        return exchanges.submit(exchange);
    }

    private final class Pipeline extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            HttpDecoderConfig readable = new HttpDecoderConfig()
                    .setMaxInitialLineLength(REQUEST_LINE_BYTES_MAX)
                    .setMaxHeaderSize(HEADER_BYTES_MAX);
            // Not HttpServerCodec: it throws, and so resets, when a client pipelines more than it likes.
            channel.pipeline()
                    .addLast(
                            new HttpRequestDecoder(readable),
                            new HttpResponseEncoder(),
                            new Connection(MirrorServer.this, limits));
        }
    }
}
