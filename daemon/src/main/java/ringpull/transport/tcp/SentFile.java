package ringpull.transport.tcp;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.DefaultFileRegion;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;

/** Sent by the kernel, from the page cache to the socket. */
final class SentFile implements Answer {
    private final ChannelHandlerContext context;
    private final DefaultFileRegion region;

    /** Owns the file from now on. */
    SentFile(ChannelHandlerContext context, BlobFile file, ByteRange range) {
        this.context = context;
        this.region = new DefaultFileRegion(file.channel(), range.offset(), range.length());
    }

    @Override
    public void start(Consumer<@Nullable Throwable> ended) {
        // The region closes the file when it is released, sent or not.
        context.writeAndFlush(region).addListener(sent -> ended.accept(sent.cause()));
    }

    @Override
    public long sentBytes() {
        return region.transferred();
    }
}
