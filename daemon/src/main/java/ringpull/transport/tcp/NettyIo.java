package ringpull.transport.tcp;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import ringpull.config.Config;

/**
 * Netty's classes for one way to the kernel.
 *
 * @param sendfile whether a file region is sent by the kernel; io_uring would splice it through a pipe page by page,
 *     at a twentieth of the speed
 */
record NettyIo(
        IoHandlerFactory handlers,
        Class<? extends ServerSocketChannel> listener,
        Class<? extends SocketChannel> connection,
        boolean sendfile) {

    /** @throws IOException if the configuration insists on a way that this host does not have */
    static NettyIo of(Config.Io io) throws IOException {
        return switch (io) {
            case AUTO -> Epoll.isAvailable() ? epoll() : nio();
            case EPOLL -> {
                check(io, Epoll.unavailabilityCause());
                yield epoll();
            }
            case IO_URING -> {
                check(io, IoUring.unavailabilityCause());
                yield new NettyIo(
                        IoUringIoHandler.newFactory(),
                        IoUringServerSocketChannel.class,
                        IoUringSocketChannel.class,
                        false);
            }
            case NIO -> nio();
        };
    }

    /** Threads of this kind, as daemons, named after what they do. */
    EventLoops loops(int threads, String name) {
        return new EventLoops(new MultiThreadIoEventLoopGroup(
                threads, Thread.ofPlatform().daemon().name(name + "-", 0).factory(), handlers));
    }

    private static NettyIo epoll() {
        return new NettyIo(EpollIoHandler.newFactory(), EpollServerSocketChannel.class, EpollSocketChannel.class, true);
    }

    private static NettyIo nio() {
        return new NettyIo(NioIoHandler.newFactory(), NioServerSocketChannel.class, NioSocketChannel.class, true);
    }

    private static void check(Config.Io io, @Nullable Throwable unavailable) throws IOException {
        if (unavailable != null) {
            throw new IOException(
                    "[peer] io = \"" + io.name().toLowerCase(Locale.ROOT)
                            + "\" cannot be had on this host; take \"auto\": " + unavailable.getMessage(),
                    unavailable);
        }
    }
}
