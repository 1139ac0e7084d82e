package ringpull.transport.tcp;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.transport.session.Session;

/**
 * The first exchange on a connection to a plain-text data port: names the session, takes the holder's nonce, and leaves the
 * pipeline. On the connection's event loop.
 */
final class Greeting extends SimpleChannelInboundHandler<HttpObject> {
    private final String host;
    private final Session session;
    private final long waitNanos;
    private final Promise<Optional<RequestMac>> ended;
    private @Nullable RequestMac mac;

    /** @param ended told how the requests are to be proven; nothing, if the holder does not take the session */
    Greeting(String host, Session session, long waitNanos, Promise<Optional<RequestMac>> ended) {
        this.host = host;
        this.session = session;
        this.waitNanos = waitNanos;
        this.ended = ended;
    }

    Promise<Optional<RequestMac>> ended() {
        return ended;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        HttpRequest hello = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, Wire.HELLO);
        hello.headers().set(HttpHeaderNames.HOST, host).set(Wire.SESSION, session.id());
        var _ = context.writeAndFlush(hello);
        var _ = context.executor()
                .schedule(() -> fail(context, "does not answer a greeting in time"), waitNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
        if (message.decoderResult().isFailure()) {
            fail(context, "answered a greeting with something that is not HTTP/1.1 within the limits");
            return;
        }
        if (message instanceof HttpResponse head) {
            if (head.status().equals(HttpResponseStatus.UNAUTHORIZED)) {
                ended.trySuccess(Optional.empty());
                return;
            }
            Optional<byte[]> nonce = Wire.parseNonce(head.headers().get(Wire.NONCE, ""));
            if (head.status().equals(HttpResponseStatus.OK)
                    && nonce.isPresent()
                    && HttpUtil.getContentLength(head, -1L) == 0) {
                mac = new RequestMac(session.secret(), nonce.get());
            } else {
                fail(context, "answered a greeting with " + head.status().code());
                return;
            }
        }
        RequestMac agreed = mac;
        if (message instanceof LastHttpContent && agreed != null) {
            context.pipeline().remove(this);
            ended.trySuccess(Optional.of(agreed));
        }
    }

    /** Has no effect once it has ended. */
    private void fail(ChannelHandlerContext context, String why) {
        if (ended.tryFailure(new IOException(why))) {
            var _ = context.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail(context, "it broke off");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail(context, String.valueOf(cause.getMessage()));
    }
}
