package ringpull.transport.tcp;

import io.netty.channel.Channel;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Event loops and the channels on them, which end together, the channels first: an io_uring loop that is shut down while
 * a channel's close waits for its cancelled read ends without closing the socket, and the other side never learns of it.
 */
final class EventLoops {
    private final MultiThreadIoEventLoopGroup threads;
    private final ChannelGroup channels;

    EventLoops(MultiThreadIoEventLoopGroup threads) {
        this.threads = threads;
        this.channels = new DefaultChannelGroup(threads.next(), true);
    }

    MultiThreadIoEventLoopGroup threads() {
        return threads;
    }

    /** Closes this channel, too, when the loops end; now, if they have ended. */
    void own(Channel channel) {
        channels.add(channel);
    }

    /** Closes every channel, then ends the threads; each within this time. Not to be called on one of them. */
    void close(Duration wait) throws InterruptedException {
        try {
            channels.close().await(wait.toMillis());
        } finally {
            threads.shutdownGracefully(0, wait.toMillis(), TimeUnit.MILLISECONDS)
                    .await(wait.toMillis());
        }
    }
}
