package ringpull.mirror;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;

/**
 * The answer to one request, written by the one virtual thread that runs its exchange. Bytes are handed over a piece at a
 * time, and each call returns when its piece has left for the kernel: a slow client holds a file, not buffers.
 */
final class Reply {
    private final Channel channel;
    private final HttpVersion version;
    private final boolean keepAlive;
    private final Duration stallMax;
    private int status;
    private long sentBytes;
    private boolean finished;

    /** @param stallMax a client that reads nothing for this long has its answer broken off */
    Reply(Channel channel, HttpRequest request, boolean keepAlive, Duration stallMax) {
        this.channel = channel;
        this.version = request.protocolVersion();
        this.keepAlive = keepAlive;
        this.stallMax = stallMax;
    }

    /** The status that was sent; 0 while none was. */
    int status() {
        return status;
    }

    boolean started() {
        return status != 0;
    }

    /** Bytes of the body that have left. */
    long sentBytes() {
        return sentBytes;
    }

    /** Whether the answer is complete, and another request may follow on its connection. */
    boolean mayContinue() {
        return finished && keepAlive;
    }

    /** Sends headers; the body, or {@link #finish}, follows. */
    void start(HttpResponseStatus code, HttpHeaders headers) throws ClientGone, InterruptedException {
        status = code.code();
        HttpUtil.setKeepAlive(headers, version, keepAlive);
        await(channel.writeAndFlush(new DefaultHttpResponse(HttpVersion.HTTP_1_1, code, headers)), () -> 0);
    }

    /** Sends these bytes of the file, and returns when they are out: only then may the file be closed. */
    void send(BlobFile file, ByteRange part) throws ClientGone, InterruptedException {
        FilePart region = new FilePart(file, part);
        await(channel.writeAndFlush(region), region::transferred);
        sentBytes += part.length();
    }

    /** Sends and consumes these bytes, and returns when the buffer may be used again. */
    void send(ByteBuffer bytes) throws ClientGone, InterruptedException {
        int length = bytes.remaining();
        await(channel.writeAndFlush(Unpooled.wrappedBuffer(bytes)), () -> 0);
        bytes.position(bytes.limit());
        sentBytes += length;
    }

    /** Ends the answer. */
    void finish() throws ClientGone, InterruptedException {
        await(channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT), () -> 0);
        finished = true;
    }

    /** Sends an answer that is small enough for one buffer. */
    void whole(HttpResponseStatus code, HttpHeaders headers, byte[] body, boolean head)
            throws ClientGone, InterruptedException {
        status = code.code();
        headers.set(HttpHeaderNames.CONTENT_TYPE, "application/json");
        headers.set(HttpHeaderNames.CONTENT_LENGTH, body.length);
        HttpUtil.setKeepAlive(headers, version, keepAlive);
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, code, Unpooled.wrappedBuffer(head ? new byte[0] : body));
        response.headers().set(headers);
        await(channel.writeAndFlush(response), () -> 0);
        finished = true;
    }

    /**
     * Waits until a write is done, however slow, as long as it moves. On any other end the write is over, too, when this
     * returns: a file that is closed under a running sendfile could send another file's bytes.
     */
    private void await(ChannelFuture write, LongSupplier movedBytes) throws ClientGone, InterruptedException {
        try {
            long moved = 0;
            while (!write.await(stallMax.toMillis())) {
                long now = movedBytes.getAsLong();
                if (now == moved) {
                    endOutput(write);
                    throw new ClientGone("read nothing for " + stallMax.toMillis() + " ms", null);
                }
                moved = now;
            }
        } catch (InterruptedException e) {
            endOutput(write);
            throw e;
        }
        @Nullable Throwable failure = write.cause();
        if (failure != null) {
            throw new ClientGone(failure.toString(), failure);
        }
    }

    /** FIN now, whatever is still to be written: fails the write. */
    private void endOutput(ChannelFuture write) {
        ((DuplexChannel) channel).shutdownOutput().awaitUninterruptibly();
        write.awaitUninterruptibly();
    }
}
