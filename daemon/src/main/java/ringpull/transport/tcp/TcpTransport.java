package ringpull.transport.tcp;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.tls.PeerTls;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;
import ringpull.transport.session.Admission;
import ringpull.transport.session.HolderSessions;

/** Ranges over HTTP/1.1 on persistent connections, several to one holder. Event loops receive and write in place. */
public final class TcpTransport implements Transport {
    private static final int RECEIVE_BYTES = 512 << 10;
    private static final int PIECE_BYTES_MAX = 1 << 20;
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

    private final @Nullable SslContext tls;
    private final HolderSessions sessions;
    private final Times times;
    private final EventLoops loops;
    private final Bootstrap bootstrap;
    private final ConnectionPool pool;

    /**
     * How long a holder may take.
     *
     * @param connect until a connection is there, and again as long until TLS is agreed
     * @param stall without {@value Connection#PROGRESS_BYTES_MIN} more bytes, before another holder is asked
     * @param idle that a connection waits for its next use
     */
    record Times(Duration connect, Duration stall, Duration idle) {
        static final Times DEFAULT = new Times(Duration.ofSeconds(2), Duration.ofSeconds(3), Duration.ofSeconds(30));
    }

    /** @throws IOException if TLS or the way to the kernel cannot be set up */
    public TcpTransport(Optional<PeerTls> tls, Config.Io io) throws IOException {
        this(tls, io, new HolderSessions(Admission.NONE, System::nanoTime));
    }

    /**
     * For a ring in which some data ports may be plain text for those with a session.
     *
     * @throws IOException if TLS or the way to the kernel cannot be set up
     */
    public TcpTransport(Optional<PeerTls> tls, Config.Io io, HolderSessions sessions) throws IOException {
        this(tls, io, sessions, Times.DEFAULT, ConnectionPool.PER_HOLDER_MAX, ConnectionPool.TOTAL_MAX);
    }

    TcpTransport(
            Optional<PeerTls> tls, Config.Io io, HolderSessions sessions, Times times, int perHolderMax, int totalMax)
            throws IOException {
        this.sessions = sessions;
        this.tls = tls.isPresent() ? tls.get().dataClient() : null;
        this.times = times;
        NettyIo netty = NettyIo.of(io);
        this.pool = new ConnectionPool(this::connect, perHolderMax, totalMax);
        this.loops = netty.loops(Math.max(2, Runtime.getRuntime().availableProcessors()), "receive");
        this.bootstrap = new Bootstrap()
                .group(loops.threads())
                .channel(netty.connection())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        times.connect().toMillis())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(RECEIVE_BYTES));
        long sweepNanos = times.idle().toNanos() / 4;
        var _ = loops.threads().scheduleWithFixedDelay(this::closeIdle, sweepNanos, sweepNanos, TimeUnit.NANOSECONDS);
    }

    private void prepare(
            Channel channel,
            InetSocketAddress holder,
            HolderSessions.@Nullable Held session,
            @Nullable Greeting greeting) {
        loops.own(channel);
        ChannelPipeline pipeline = channel.pipeline();
        if (tls != null && session == null) {
            SslHandler handler = tls.newHandler(channel.alloc());
            handler.setHandshakeTimeoutMillis(times.connect().toMillis());
            pipeline.addLast(handler);
        }
        pipeline.addLast(new HttpClientCodec(
                new HttpDecoderConfig()
                        .setMaxInitialLineLength(Wire.LINE_BYTES_MAX)
                        .setMaxHeaderSize(Wire.HEADERS_BYTES_MAX)
                        .setMaxChunkSize(PIECE_BYTES_MAX),
                false,
                false));
        if (greeting != null) {
            pipeline.addLast(greeting);
        }
        pipeline.addLast(new Connection(holder, channel, times.stall().toNanos(), session));
    }

    ConnectionPool pool() {
        return pool;
    }

    private void closeIdle() {
        pool.closeIdleSince(System.nanoTime() - times.idle().toNanos());
    }

    @Override
    public String name() {
        return "tcp";
    }

    @Override
    public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing)
            throws TransferException, InterruptedException {
        if (range.length() == 0) {
            return;
        }
        ConnectionPool.Lease lease = pool.take(holder);
        Optional<TransferException> failure = run(lease, new Exchange(blob, range, landing));
        if (failure.isPresent() && (!lease.fresh() || lease.connection().isSessionRefused())) {
            // The holder closed a connection that waited here, or ended our session, which it may at any time.
            failure = run(pool.takeFresh(holder), new Exchange(blob, range, landing));
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
    }

    private Optional<TransferException> run(ConnectionPool.Lease lease, Exchange exchange)
            throws TransferException, InterruptedException {
        try {
            return lease.connection().run(exchange);
        } finally {
            pool.giveBack(lease.connection(), System.nanoTime());
        }
    }

    private Connection connect(InetSocketAddress holder) throws TransferException, InterruptedException {
        if (!sessions.isPlain(holder)) {
            return open(holder, null).orElseThrow(() -> new IllegalStateException("refused without a session"));
        }
        HolderSessions.Held session = sessions.get(holder);
        Optional<Connection> connection = open(holder, session);
        if (connection.isEmpty() && session.hasWorked()) {
            session = sessions.get(holder);
            connection = open(holder, session);
        }
        return connection.orElseThrow(
                () -> new TransferException.Unreachable(holder + " does not take the session that it has just given"));
    }

    /** A connection that is ready for an exchange; nothing if the holder does not take the session. */
    private Optional<Connection> open(InetSocketAddress holder, HolderSessions.@Nullable Held session)
            throws TransferException, InterruptedException {
        Greeting greeting = session == null
                ? null
                : new Greeting(
                        Wire.host(holder),
                        session.session(),
                        times.connect().toNanos(),
                        loops.threads().next().newPromise());
        ChannelFuture connecting = bootstrap
                .clone()
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        prepare(channel, holder, session, greeting);
                    }
                })
                .connect(holder);
        Channel channel = connecting.channel();
        boolean ready = false;
        try {
            await(connecting, holder, "cannot be reached");
            SslHandler handler = channel.pipeline().get(SslHandler.class);
            if (handler != null) {
                await(handler.handshakeFuture(), holder, "does not agree on TLS");
            }
            Optional<RequestMac> proofs = Optional.empty();
            if (session != null && greeting != null) {
                await(greeting.ended(), holder, "does not let us in");
                proofs = greeting.ended().getNow();
                if (proofs.isEmpty()) {
                    session.refuse();
                    return Optional.empty();
                }
                session.work();
            }
            // Closed again already, if it is not there.
            Connection connection = channel.pipeline().get(Connection.class);
            if (connection == null) {
                throw new TransferException.Unreachable(holder + " broke off");
            }
            proofs.ifPresent(connection::proveBy);
            ready = true;
            return Optional.of(connection);
        } finally {
            if (!ready) {
                var _ = channel.close();
            }
        }
    }

    private static void await(Future<?> future, InetSocketAddress holder, String failed)
            throws TransferException, InterruptedException {
        future.await();
        if (!future.isSuccess()) {
            Throwable cause = future.cause();
            throw new TransferException.Unreachable(
                    holder + " " + failed + ": " + (cause == null ? "cancelled" : cause.getMessage()), cause);
        }
    }

    /** Closes every connection; reads that run fail as unreachable. */
    @Override
    public void close() {
        pool.close();
        try {
            loops.close(CLOSE_WAIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
