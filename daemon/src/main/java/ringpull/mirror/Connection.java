package ringpull.mirror;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: requests are answered one at a time, in order. It always ends with FIN: our output is shut
 * down first, and what the client still sends is read and dropped until it closes, too, because closing a socket with
 * unread input resets it, and a reset fails a pull where FIN only makes it resume. All methods run on the event loop.
 */
final class Connection extends SimpleChannelInboundHandler<HttpObject> {
    private static final Logger log = LoggerFactory.getLogger(Connection.class);

    /** Requests that wait behind the one that is answered; with more, the connection ends after them. */
    static final int PIPELINED_MAX = 32;

    private final MirrorServer server;
    private final Limits limits;
    private final Deque<HttpRequest> waiting = new ArrayDeque<>();
    private @Nullable Future<?> running;
    private @Nullable Future<?> idleLimit;
    private boolean noMoreRequests;
    private boolean saidGoodbye;

    /**
     * How many clients, and how long one may do nothing.
     *
     * @param connections at one time; one more is closed before it is read
     * @param idle longer than clients keep idle connections, so that they close first; bounds slow request headers, too
     * @param linger for a client to close its side after our FIN
     * @param stall for a client that reads nothing of its answer, which is then broken off
     */
    record Limits(int connections, Duration idle, Duration linger, Duration stall) {
        static final Limits STANDARD =
                new Limits(1024, Duration.ofSeconds(90), Duration.ofSeconds(5), Duration.ofMinutes(5));
    }

    /** What the server tells its connections while it stops. */
    enum Stop {
        /** Finish what runs, then FIN. */
        AFTER_ANSWER,
        /** FIN now. */
        NOW
    }

    Connection(MirrorServer server, Limits limits) {
        this.server = server;
        this.limits = limits;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (server.admit(context.channel())) {
            becomeIdle(context);
        } else {
            log.warn("more than {} connections: one is refused", limits.connections());
            close(context.channel());
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
        if (!(message instanceof HttpRequest request) || noMoreRequests) {
            return; // bodies are of no use here
        }
        // Whatever follows a body or a broken request cannot be trusted to be the next request.
        noMoreRequests = request.decoderResult().isFailure() || hasBody(request) || waiting.size() >= PIPELINED_MAX;
        waiting.add(request);
        if (running == null) {
            answerNext(context);
        } else {
            context.channel().config().setAutoRead(false);
        }
    }

    private static boolean hasBody(HttpRequest request) {
        String length = request.headers().get(HttpHeaderNames.CONTENT_LENGTH, "0");
        return HttpUtil.isTransferEncodingChunked(request) || !length.equals("0");
    }

    private void answerNext(ChannelHandlerContext context) {
        HttpRequest request = waiting.poll();
        if (request == null) {
            becomeIdle(context);
            return;
        }
        stopIdling();
        Channel channel = context.channel();
        if (waiting.isEmpty()) {
            channel.config().setAutoRead(true); // so that a client that hangs up is noticed
        }
        boolean last = noMoreRequests && waiting.isEmpty();
        Reply reply = new Reply(channel, request, !last && HttpUtil.isKeepAlive(request), limits.stall());
        Exchange exchange = server.exchange(request, reply);
        running = server.run(() -> {
            try {
                exchange.run();
            } finally {
                channel.eventLoop().execute(() -> answered(context, reply));
            }
        });
    }

    private void answered(ChannelHandlerContext context, Reply reply) {
        running = null;
        if (reply.mayContinue() && !(noMoreRequests && waiting.isEmpty())) {
            answerNext(context);
        } else {
            sayGoodbye(context);
        }
    }

    private void becomeIdle(ChannelHandlerContext context) {
        if (noMoreRequests) {
            sayGoodbye(context);
            return;
        }
        context.channel().config().setAutoRead(true);
        stopIdling();
        idleLimit = context.executor()
                .schedule(() -> sayGoodbye(context), limits.idle().toMillis(), TimeUnit.MILLISECONDS);
    }

    private void stopIdling() {
        Future<?> limit = idleLimit;
        if (limit != null) {
            limit.cancel(false);
            idleLimit = null;
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == Stop.AFTER_ANSWER) {
            noMoreRequests = true;
            waiting.clear();
            if (running == null) {
                sayGoodbye(context);
            }
        } else if (event == Stop.NOW) {
            breakOff();
            sayGoodbye(context);
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    private void breakOff() {
        Future<?> exchange = running;
        if (exchange != null) {
            exchange.cancel(true);
        }
    }

    private void sayGoodbye(ChannelHandlerContext context) {
        if (saidGoodbye) {
            return;
        }
        saidGoodbye = true;
        noMoreRequests = true;
        waiting.clear();
        stopIdling();
        context.pipeline().addFirst(new Drain());
        DuplexChannel channel = (DuplexChannel) context.channel();
        channel.config().setAutoRead(true);
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> {
            ChannelFuture ignored = channel.shutdownOutput();
        });
        Future<?> ignored = context.executor()
                .schedule(() -> close(channel), limits.linger().toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        stopIdling();
        breakOff();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        log.debug("a connection ends: {}", cause.toString());
        breakOff();
        close(context.channel());
    }

    private static void close(Channel channel) {
        ChannelFuture ignored = channel.close();
    }

    /** Reads and drops what a client sends after our FIN. */
    private static final class Drain extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
        }
    }
}
