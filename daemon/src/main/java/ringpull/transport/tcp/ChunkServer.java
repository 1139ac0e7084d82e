package ringpull.transport.tcp;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import ringpull.config.Config;
import ringpull.tls.PeerTls;
import ringpull.transport.ChunkSource;
import ringpull.transport.Pace;
import ringpull.transport.session.Sessions;

/**
 * The data port: serves ranges of proven blobs to other members. Event loops send; a few threads of their own open files
 * and read for TLS, because either may wait for the disk.
 */
public final class ChunkServer implements AutoCloseable {
    private static final int DISK_THREADS = 4;
    private static final int REQUEST_READ_BYTES = 4096;
    private static final int BACKLOG = 1024;
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

    private final ChunkSource source;
    private final @Nullable SslContext tls;
    private final Optional<Sessions> sessions;
    private final NettyIo io;
    private final Limits limits;
    private final Pace pace;
    private final ReaderTurns turns;
    private final LongConsumer servedBytes;
    private final OpenConnections connections;
    private final BufferBudget budget;
    private final ExecutorService disk;
    private final EventLoops loops;
    private final Channel listener;

    /**
     * What other members may take of this one.
     *
     * @param connections open at a time
     * @param requestWait until a request must be complete, counted from the connection's or the last answer's time
     * @param handshakeWait until TLS must be agreed, and until each of a stranger's first requests must be complete
     * @param answerStall how long an answer may stand still
     * @param buffers of 256 KiB, where the kernel does not send from the file
     */
    record Limits(int connections, Duration requestWait, Duration handshakeWait, Duration answerStall, int buffers) {
        static final Limits DEFAULT =
                new Limits(1024, Duration.ofSeconds(60), Duration.ofSeconds(5), Duration.ofSeconds(30), 128);
    }

    private ChunkServer(
            InetSocketAddress address,
            ChunkSource source,
            Optional<PeerTls> tls,
            Optional<Sessions> sessions,
            NettyIo io,
            Limits limits,
            Pace pace,
            LongConsumer servedBytes)
            throws IOException {
        this.pace = pace;
        this.source = source;
        this.tls = tls.isPresent() ? tls.get().dataServer() : null;
        this.sessions = sessions;
        this.io = io;
        this.limits = limits;
        this.servedBytes = servedBytes;
        this.connections = new OpenConnections(limits.connections());
        this.budget = new BufferBudget(limits.buffers());
        this.disk = Executors.newFixedThreadPool(
                DISK_THREADS,
                Thread.ofPlatform().daemon().name("serve-disk-", 0).factory());
        this.loops = io.loops(Math.max(2, Runtime.getRuntime().availableProcessors()), "serve");
        this.turns = new ReaderTurns(pace, this::later);
        this.listener = listen(address);
    }

    /**
     * Binds the address (port 0: any free one) and serves from now on.
     *
     * @param pace what all readers share, by turns
     * @param servedBytes told of every answer's bytes once it has ended, whole or not, on an event loop
     * @throws BindException if the address cannot be had
     * @throws IOException if TLS or the way to the kernel cannot be set up
     */
    public static ChunkServer bind(
            InetSocketAddress address,
            ChunkSource source,
            Optional<PeerTls> tls,
            Config.Io io,
            Pace pace,
            LongConsumer servedBytes)
            throws IOException {
        return new ChunkServer(
                address, source, tls, Optional.empty(), NettyIo.of(io), Limits.DEFAULT, pace, servedBytes);
    }

    static ChunkServer bind(
            InetSocketAddress address,
            ChunkSource source,
            Optional<PeerTls> tls,
            Config.Io io,
            LongConsumer servedBytes)
            throws IOException {
        return bind(address, source, tls, io, Pace.NONE, servedBytes);
    }

    static ChunkServer bind(
            InetSocketAddress address,
            ChunkSource source,
            Optional<PeerTls> tls,
            Config.Io io,
            LongConsumer servedBytes,
            Limits limits)
            throws IOException {
        return new ChunkServer(address, source, tls, Optional.empty(), NettyIo.of(io), limits, Pace.NONE, servedBytes);
    }

    /**
     * As {@link #bind}, but in plain text, and only for those who prove that they have one of these sessions; the others
     * get neither bytes nor an answer to what is held.
     */
    public static ChunkServer bindPlain(
            InetSocketAddress address,
            ChunkSource source,
            Sessions sessions,
            Config.Io io,
            Pace pace,
            LongConsumer servedBytes)
            throws IOException {
        return new ChunkServer(
                address,
                source,
                Optional.empty(),
                Optional.of(sessions),
                NettyIo.of(io),
                Limits.DEFAULT,
                pace,
                servedBytes);
    }

    static ChunkServer bindPlain(
            InetSocketAddress address, ChunkSource source, Sessions sessions, Config.Io io, LongConsumer servedBytes)
            throws IOException {
        return bindPlain(address, source, sessions, io, Pace.NONE, servedBytes);
    }

    static ChunkServer bindPlain(
            InetSocketAddress address,
            ChunkSource source,
            Sessions sessions,
            Config.Io io,
            LongConsumer servedBytes,
            Limits limits)
            throws IOException {
        return new ChunkServer(
                address,
                source,
                Optional.empty(),
                Optional.of(sessions),
                NettyIo.of(io),
                limits,
                Pace.NONE,
                servedBytes);
    }

    private void later(long nanos, Runnable task) {
        var _ = loops.threads().schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    private Channel listen(InetSocketAddress address) throws BindException {
        ChannelFuture bound = new ServerBootstrap()
                .group(loops.threads())
                .channel(io.listener())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(REQUEST_READ_BYTES))
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        prepare(channel);
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            disk.shutdown();
            var _ = loops.threads().shutdownGracefully(0, 0, TimeUnit.SECONDS);
            BindException failure = new BindException("cannot listen on " + address + ": "
                    + (bound.cause() == null ? "cancelled" : bound.cause().getMessage()));
            failure.initCause(bound.cause());
            throw failure;
        }
        return bound.channel();
    }

    private void prepare(Channel channel) {
        loops.own(channel);
        ChannelPipeline pipeline = channel.pipeline();
        if (tls != null) {
            SslHandler handler = tls.newHandler(channel.alloc());
            handler.setHandshakeTimeoutMillis(limits.handshakeWait().toMillis());
            pipeline.addLast(handler);
        }
        pipeline.addLast(
                new HttpServerCodec(new HttpDecoderConfig()
                        .setMaxInitialLineLength(Wire.LINE_BYTES_MAX)
                        .setMaxHeaderSize(Wire.HEADERS_BYTES_MAX)),
                // One message for one read, so that pipelined requests wait their turn.
                new FlowControlHandler(),
                new RequestHandler(this));
    }

    /** Where it listens, with the port that it got. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    ChunkSource source() {
        return source;
    }

    Optional<Sessions> sessions() {
        return sessions;
    }

    Limits limits() {
        return limits;
    }

    OpenConnections connections() {
        return connections;
    }

    BufferBudget budget() {
        return budget;
    }

    Executor disk() {
        return disk;
    }

    LongConsumer servedBytes() {
        return servedBytes;
    }

    ReaderTurns turns() {
        return turns;
    }

    /** Whether the kernel can send from the file by itself, as fast as it likes. */
    boolean sendfile() {
        return tls == null && io.sendfile() && !pace.isLimited();
    }

    /** Accepts no more, lets answers that run end within the grace, and closes. */
    public void stop(Duration grace) throws InterruptedException {
        listener.close().await();
        try {
            connections.stop(grace.toNanos());
        } finally {
            release();
        }
    }

    private void release() throws InterruptedException {
        disk.shutdown();
        if (!disk.awaitTermination(CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
            disk.shutdownNow();
        }
        loops.close(CLOSE_WAIT);
    }

    /** Breaks off everything now. */
    @Override
    public void close() {
        try {
            stop(Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
