package ringpull.transport.tcp;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.transport.TransferException;
import ringpull.transport.session.HolderSessions;

/**
 * One connection to a holder, and the exchange on it, at most one at a time. Everything but {@link #run} and
 * {@link #close} happens on its event loop, where the bytes are landed too: a landing that waits for the disk keeps the
 * loop's other connections waiting, and so their holders.
 */
final class Connection extends SimpleChannelInboundHandler<HttpObject> {
    /** A holder that sends fewer bytes than these in the time of a stall counts as silent. */
    static final int PROGRESS_BYTES_MIN = 16 << 10;

    /** A timer that is later than this says that our own event loop was busy, not that the holder was silent. */
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final InetSocketAddress holder;
    private final Channel channel;
    private final long stallNanos;
    private final HolderSessions.@Nullable Held session;
    private @Nullable RequestMac mac;
    private volatile boolean reusable = true;

    private @Nullable Exchange exchange;
    private @Nullable ScheduledFuture<?> timer;
    private @Nullable HttpResponse refusal;
    private @Nullable TransferException lost;
    private final StringBuilder refusalText = new StringBuilder();
    private boolean answered;
    private long moved;
    private long movedAt;

    /** @param session null where there is none: TLS, or no certificates */
    Connection(InetSocketAddress holder, Channel channel, long stallNanos, HolderSessions.@Nullable Held session) {
        this.holder = holder;
        this.channel = channel;
        this.stallNanos = stallNanos;
        this.session = session;
    }

    /** Before its first exchange: how requests are to be proven. */
    void proveBy(RequestMac proofs) {
        mac = proofs;
    }

    InetSocketAddress holder() {
        return holder;
    }

    Channel channel() {
        return channel;
    }

    /** Whether another exchange may follow on it. */
    boolean isReusable() {
        return reusable && channel.isActive() && (session == null || !session.isOver());
    }

    /** Whether the holder has said that it does not take the session any more. */
    boolean isSessionRefused() {
        return session != null && session.isRefused();
    }

    void close() {
        reusable = false;
        var _ = channel.close();
    }

    /** Runs an exchange and waits for its end; returns the failure if the connection went before any answer came. */
    Optional<TransferException> run(Exchange next) throws TransferException, InterruptedException {
        try {
            channel.eventLoop().execute(() -> begin(next));
        } catch (RejectedExecutionException e) {
            throw new TransferException.Unreachable("the transport was closed", e);
        }
        try {
            return next.await();
        } catch (InterruptedException e) {
            next.abandon();
            close();
            throw e;
        }
    }

    private void begin(Exchange next) {
        if (!channel.isActive()) {
            TransferException why = lost;
            next.unanswered(why != null ? why : new TransferException.Unreachable(holder + " broke off"));
            return;
        }
        exchange = next;
        answered = false;
        progressed();
        timer = channel.eventLoop().schedule(this::check, stallNanos, TimeUnit.NANOSECONDS);
        HttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, Wire.path(next.blob()));
        request.headers()
                .set(HttpHeaderNames.HOST, Wire.host(holder))
                .set(HttpHeaderNames.RANGE, Wire.range(next.range()));
        RequestMac proofs = mac;
        if (proofs != null) {
            request.headers()
                    .set(HttpHeaderNames.AUTHORIZATION, Wire.PROOF_SCHEME + proofs.next(next.blob(), next.range()));
        }
        var _ = channel.writeAndFlush(request);
    }

    private void progressed() {
        moved = 0;
        movedAt = System.nanoTime();
    }

    private void check() {
        Exchange running = exchange;
        if (running == null) {
            return;
        }
        long late = System.nanoTime() - movedAt - stallNanos;
        if (late >= 0 && late < LATE_NANOS) {
            unreachable("sent nothing, or nearly nothing, for " + stallNanos / 1_000_000 + " ms");
            return;
        }
        if (late >= 0) {
            progressed();
        }
        long wait = movedAt + stallNanos - System.nanoTime();
        timer = channel.eventLoop().schedule(this::check, wait, TimeUnit.NANOSECONDS);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
        Exchange running = exchange;
        if (running == null) {
            close();
            return;
        }
        answered = true;
        if (message.decoderResult().isFailure()) {
            unreachable("sent something that is not HTTP/1.1 within the limits: "
                    + message.decoderResult().cause().getMessage());
            return;
        }
        if (message instanceof HttpResponse head && !accept(head, running)) {
            return;
        }
        if (message instanceof HttpContent content) {
            take(content, running);
        }
    }

    /** Whether the exchange goes on after this head. */
    private boolean accept(HttpResponse head, Exchange running) {
        HttpHeaders headers = head.headers();
        long length = HttpUtil.getContentLength(head, -1L);
        int status = head.status().code();
        reusable &= HttpUtil.isKeepAlive(head);
        if (status == 206) {
            String contentRange = headers.get(HttpHeaderNames.CONTENT_RANGE, "");
            if (length == running.range().length()
                    && !HttpUtil.isTransferEncodingChunked(head)
                    && Wire.isContentRange(contentRange, running.range())) {
                progressed();
                return true;
            }
            unreachable("answered " + Wire.range(running.range()) + " with " + length + " bytes, Content-Range: "
                    + contentRange);
            return false;
        }
        if (status < 400 || length < 0 || length > Wire.TEXT_BYTES_MAX) {
            unreachable("answered " + status + " in place of 206");
            return false;
        }
        refusal = head;
        refusalText.setLength(0);
        return true;
    }

    private void take(HttpContent content, Exchange running) {
        HttpResponse refused = refusal;
        try {
            if (refused != null) {
                refusalText.append(content.content().toString(StandardCharsets.UTF_8));
            } else {
                moved += content.content().readableBytes();
                running.land(content.content(), channel.alloc());
                if (moved >= PROGRESS_BYTES_MIN) {
                    progressed();
                }
            }
            if (content instanceof LastHttpContent) {
                if (refused == null) {
                    running.succeed();
                    exchangeEnded();
                } else {
                    refused(refused.status().code());
                }
            }
        } catch (TransferException.LandingFailed e) {
            fail(e);
        }
    }

    private void refused(int status) {
        String text = refusalText.toString().strip().replaceAll("\\p{Cntrl}", "?");
        Exchange running = exchange;
        if (running != null) {
            exchangeEnded();
            String message = holder + " answered " + status + ": " + text;
            if (status == 401 && session != null) {
                session.refuse();
                close();
                running.unanswered(new TransferException.Unreachable(message));
                return;
            }
            running.fail(
                    switch (status) {
                        case 404 -> new TransferException.NotHeld(message);
                        case 503 -> new TransferException.Busy(message);
                        default -> new TransferException.Unreachable(message);
                    });
        }
    }

    private void unreachable(String what) {
        fail(new TransferException.Unreachable(holder + " " + what));
    }

    /** Ends the exchange and, since its bytes may still come, the connection. */
    private void fail(TransferException failure) {
        Exchange running = exchange;
        exchangeEnded();
        close();
        if (running != null) {
            running.fail(failure);
        }
    }

    private void exchangeEnded() {
        exchange = null;
        refusal = null;
        ScheduledFuture<?> running = timer;
        if (running != null) {
            running.cancel(false);
            timer = null;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        gone(new TransferException.Unreachable(holder + " broke off"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        gone(new TransferException.Unreachable(holder + " broke off: " + cause.getMessage(), cause));
    }

    private void gone(TransferException failure) {
        if (lost == null) {
            lost = failure;
        }
        Exchange running = exchange;
        if (running != null && !answered) {
            exchangeEnded();
            close();
            running.unanswered(failure);
        } else {
            fail(failure);
        }
    }
}
