package ringpull.ring.wire;

import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.Closeable;
import java.util.concurrent.TimeUnit;
import ringpull.tls.PeerTls;

/**
 * Event loops of the control port's own, which show every connection to the certificates: gRPC itself can close no single
 * connection, and one whose other side was revoked must not stay.
 */
final class WatchedLoops implements Closeable {
    private static final int THREADS = 2;
    private static final long CLOSE_SECONDS = 2;

    private final EventLoopGroup listener;
    private final EventLoopGroup connections;

    private WatchedLoops(IoHandlerFactory io, PeerTls tls) {
        listener = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("ring-listen", true), io);
        connections = new MultiThreadIoEventLoopGroup(THREADS, new DefaultThreadFactory("ring-serve", true), io) {
            @Override
            public ChannelFuture register(Channel connection) {
                tls.watch(connection);
                return super.register(connection);
            }
        };
    }

    /** Gives the server its loops and its TLS. */
    static WatchedLoops under(NettyServerBuilder server, PeerTls tls) {
        boolean epoll = Epoll.isAvailable();
        WatchedLoops loops = new WatchedLoops(epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory(), tls);
        Class<? extends ServerChannel> channel = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        server.channelType(channel)
                .bossEventLoopGroup(loops.listener)
                .workerEventLoopGroup(loops.connections)
                .sslContext(tls.controlServer());
        return loops;
    }

    @Override
    public void close() {
        var _ = listener.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
        var _ = connections.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
