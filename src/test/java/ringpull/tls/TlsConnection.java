package ringpull.tls;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.Certificate;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A connection on loopback between two members' data contexts. */
final class TlsConnection implements AutoCloseable {
    private static final long LIMIT_SECONDS = 30;

    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final CompletableFuture<Channel> accepted = new CompletableFuture<>();
    private final Channel listener;
    private final Channel dialled;

    private TlsConnection(PeerTls server, PeerTls client) {
        listener = new ServerBootstrap()
                .group(loop)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(server.dataServer().newHandler(channel.alloc()));
                        accepted.complete(channel);
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
        dialled = new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(client.dataClient().newHandler(channel.alloc()));
                    }
                })
                .connect(listener.localAddress())
                .syncUninterruptibly()
                .channel();
    }

    /** @throws IOException if the two do not agree */
    static TlsConnection open(PeerTls server, PeerTls client) throws Exception {
        TlsConnection connection = new TlsConnection(server, client);
        try {
            connection.agreed(connection.dialled);
            connection.agreed(connection.accepted.get(LIMIT_SECONDS, TimeUnit.SECONDS));
            return connection;
        } catch (IOException e) {
            connection.close();
            throw e;
        }
    }

    private void agreed(Channel channel) throws Exception {
        SslHandler handler = channel.pipeline().get(SslHandler.class);
        if (handler == null || !handler.handshakeFuture().await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("no handshake");
        }
        if (!handler.handshakeFuture().isSuccess()) {
            throw new IOException(handler.handshakeFuture().cause());
        }
    }

    /** Whom the server sees. */
    PeerIdentity client() throws Exception {
        return PeerIdentity.of(
                accepted.get().pipeline().get(SslHandler.class).engine().getSession());
    }

    /** Whom the client sees. */
    PeerIdentity server() throws Exception {
        return PeerIdentity.of(dialled.pipeline().get(SslHandler.class).engine().getSession());
    }

    /** What the client was shown. */
    Certificate serverCertificate() throws Exception {
        return dialled.pipeline().get(SslHandler.class).engine().getSession().getPeerCertificates()[0];
    }

    boolean isOpen() {
        return dialled.isActive() && accepted.isDone() && accepted.join().isActive();
    }

    /** Waits until one of the two has closed it and the other has seen that. */
    boolean closes() throws InterruptedException {
        return dialled.closeFuture().await(LIMIT_SECONDS, TimeUnit.SECONDS)
                && accepted.join().closeFuture().await(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        var _ = listener.close();
        var _ = dialled.close();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(LIMIT_SECONDS, TimeUnit.SECONDS);
    }
}
