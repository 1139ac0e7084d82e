package ringpull.transport.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.ChunkSource;

/**
 * One connection's requests, one after another: the next is not read before the answer to the last has gone. A request
 * must be complete, and an answer must move on, within the server's limits.
 */
final class RequestHandler extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(RequestHandler.class);
    private static final String NO_SESSION = "a session is needed, and each request's proof in its turn";

    private final ChunkServer server;
    private final @Nullable Authenticator authenticator;
    private @Nullable HttpRequest request;
    private @Nullable ScheduledFuture<?> timer;
    private boolean reading;

    RequestHandler(ChunkServer server) {
        this.server = server;
        this.authenticator = server.sessions().map(Authenticator::new).orElse(null);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (server.connections().admit(context.channel())) {
            awaitRequest(context);
        } else {
            close(context);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        stopTimer();
        server.connections().closed(context.channel());
    }

    private void awaitRequest(ChannelHandlerContext context) {
        stopTimer();
        boolean stranger = authenticator != null && !authenticator.isProven();
        Duration wait =
                stranger ? server.limits().handshakeWait() : server.limits().requestWait();
        timer = context.executor().schedule(() -> close(context), wait.toNanos(), TimeUnit.NANOSECONDS);
        read(context);
    }

    private void read(ChannelHandlerContext context) {
        reading = true;
        context.read();
    }

    /** What was read may have been of TLS alone, and the wish for a message is forgotten then: so wish again. */
    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (reading) {
            context.read();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        reading = false;
        try {
            if (message instanceof HttpRequest head) {
                request = head;
                if (head.decoderResult().isFailure()) {
                    refuse(context, HttpResponseStatus.BAD_REQUEST, "not an HTTP/1.1 request within the limits", true);
                    return;
                }
            }
            HttpRequest asked = request;
            if (asked == null) {
                return;
            }
            if (message instanceof HttpContent body && body.content().isReadable()) {
                refuse(context, HttpResponseStatus.BAD_REQUEST, "a request has no body", true);
            } else if (message instanceof LastHttpContent) {
                answer(context, asked);
            } else {
                read(context);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void answer(ChannelHandlerContext context, HttpRequest asked) {
        boolean last = !HttpUtil.isKeepAlive(asked);
        Optional<Digest> blob = Wire.blob(asked.uri());
        List<String> ranges = asked.headers().getAll(HttpHeaderNames.RANGE);
        Optional<ByteRange> range = ranges.size() == 1 ? Wire.parseRange(ranges.getFirst()) : Optional.empty();
        if (authenticator != null && asked.uri().equals(Wire.HELLO)) {
            greet(context, authenticator.greet(asked), last);
        } else if (authenticator != null && !authenticator.admits(asked, blob, range)) {
            refuse(context, HttpResponseStatus.UNAUTHORIZED, NO_SESSION, true);
        } else if (!asked.method().equals(HttpMethod.GET)) {
            refuse(context, HttpResponseStatus.METHOD_NOT_ALLOWED, "only GET is known here", true);
        } else if (blob.isEmpty()) {
            refuse(context, HttpResponseStatus.BAD_REQUEST, "the path must be /v1/blobs/sha256:<hex>", last);
        } else if (range.isEmpty()) {
            refuse(context, HttpResponseStatus.BAD_REQUEST, "one header Range: bytes=<first>-<last> is needed", last);
        } else if (!server.connections().answering(context.channel())) {
            close(context);
        } else {
            open(context, blob.get(), range.get(), last);
        }
    }

    private void greet(ChannelHandlerContext context, Optional<String> nonce, boolean last) {
        if (nonce.isEmpty()) {
            refuse(context, HttpResponseStatus.UNAUTHORIZED, NO_SESSION, true);
            return;
        }
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        response.headers().set(Wire.NONCE, nonce.get()).set(HttpHeaderNames.CONTENT_LENGTH, 0);
        keepAlive(response, last);
        finish(context, context.writeAndFlush(response), last);
    }

    /** Off the event loop: the index and the file system may have to wait for the disk. */
    private void open(ChannelHandlerContext context, Digest blob, ByteRange range, boolean last) {
        stopTimer();
        try {
            server.disk().execute(() -> {
                var _ = server.source()
                        .serve(blob, range, context.channel().remoteAddress())
                        .whenComplete((serving, failure) -> context.executor().execute(() -> {
                            if (failure == null) {
                                opened(context, blob, range, last, serving);
                            } else {
                                notOpened(context, blob, failure, last);
                            }
                        }));
            });
        } catch (RejectedExecutionException e) {
            close(context);
        }
    }

    private void notOpened(ChannelHandlerContext context, Digest blob, Throwable failure, boolean last) {
        if (failure instanceof ChunkSource.Busy busy) {
            refuse(context, HttpResponseStatus.SERVICE_UNAVAILABLE, String.valueOf(busy.getMessage()), last);
        } else {
            log.warn("{} cannot be served: {}", blob, failure.toString());
            refuse(context, HttpResponseStatus.INTERNAL_SERVER_ERROR, "the file cannot be read", last);
        }
    }

    private void opened(
            ChannelHandlerContext context,
            Digest blob,
            ByteRange range,
            boolean last,
            Optional<ChunkSource.Serving> found) {
        if (found.isEmpty()) {
            refuse(context, HttpResponseStatus.NOT_FOUND, blob + " is not held here", last);
            return;
        }
        BlobFile file = found.get().file();
        Runnable over = found.get().over();
        if (!context.channel().isActive() || range.end() > file.sizeBytes()) {
            close(file);
            over.run();
            refuse(
                    context,
                    HttpResponseStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                    "the blob has " + file.sizeBytes() + " bytes",
                    last);
            return;
        }
        send(context, file, range, last, over);
    }

    private void send(ChannelHandlerContext context, BlobFile file, ByteRange range, boolean last, Runnable over) {
        HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.PARTIAL_CONTENT);
        head.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_OCTET_STREAM)
                .set(HttpHeaderNames.CONTENT_LENGTH, range.length())
                .set(HttpHeaderNames.CONTENT_RANGE, Wire.contentRange(range, file.sizeBytes()));
        keepAlive(head, last);
        var _ = context.write(head);
        Object reader = ChunkSource.reader(context.channel().remoteAddress());
        SentBuffers.Turns turns = (bytes, turn) -> server.turns().ask(reader, bytes, turn);
        Answer body = server.sendfile()
                ? new SentFile(context, file, range)
                : new SentBuffers(context, file, range, server.disk(), server.budget(), turns);
        watch(context, body, 0);
        body.start(failure -> {
            over.run();
            ended(context, body, failure, last);
        });
    }

    /** Closes a connection whose answer does not move on, so that it holds neither file nor buffers. */
    private void watch(ChannelHandlerContext context, Answer body, long sentBefore) {
        timer = context.executor()
                .schedule(
                        () -> {
                            if (body.sentBytes() == sentBefore) {
                                close(context);
                            } else {
                                watch(context, body, body.sentBytes());
                            }
                        },
                        server.limits().answerStall().toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    private void ended(ChannelHandlerContext context, Answer body, @Nullable Throwable failure, boolean last) {
        stopTimer();
        server.servedBytes().accept(body.sentBytes());
        if (failure != null) {
            log.debug("{} broke off: {}", context.channel(), failure.toString());
            close(context);
            return;
        }
        finish(context, context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT), last);
    }

    private void refuse(ChannelHandlerContext context, HttpResponseStatus status, String text, boolean last) {
        ByteBuf body = ByteBufUtil.writeUtf8(context.alloc(), text + "\n");
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.TEXT_PLAIN)
                .set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
        keepAlive(response, last);
        finish(context, context.writeAndFlush(response), last);
    }

    private void finish(ChannelHandlerContext context, ChannelFuture written, boolean last) {
        request = null;
        boolean goesOn = server.connections().waiting(context.channel()) && !last;
        if (goesOn) {
            awaitRequest(context);
        } else {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    private static void keepAlive(HttpResponse response, boolean last) {
        if (last) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
    }

    private void stopTimer() {
        ScheduledFuture<?> running = timer;
        if (running != null) {
            running.cancel(false);
            timer = null;
        }
    }

    private static void close(ChannelHandlerContext context) {
        var _ = context.close();
    }

    private static void close(BlobFile file) {
        try {
            file.close();
        } catch (IOException e) {
            log.debug("closing the file of {}: {}", file.digest(), e.toString());
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        log.debug("{}: {}", context.channel(), cause.toString());
        close(context);
    }
}
