package ringpull.transport.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;

/**
 * Read into buffers, for TLS to encrypt or for a kernel interface that has no sendfile. One buffer is read while the one
 * before is sent; no more, so that a slow reader holds two, and none while it waits for its turn. Reads may wait for the disk
 * and run on threads of their own.
 */
final class SentBuffers implements Answer {
    static final int BUFFER_BYTES = 256 << 10;
    private static final int BUFFERS_AHEAD = 2;
    private static final Logger log = LoggerFactory.getLogger(SentBuffers.class);

    private final ChannelHandlerContext context;
    private final BlobFile file;
    private final long end;
    private final Executor disk;
    private final BufferBudget budget;
    private final Turns turns;
    private Consumer<@Nullable Throwable> ended = cause -> {};
    private @Nullable Throwable failure;
    private long next;
    private long sentBytes;
    private int inFlight;
    private boolean reading;
    private boolean told;

    /** Runs the second when so many bytes may be sent: now, or later on another thread. */
    @FunctionalInterface
    interface Turns {
        void ask(int bytes, Runnable turn);
    }

    /** Owns the file from now on. */
    SentBuffers(
            ChannelHandlerContext context,
            BlobFile file,
            ByteRange range,
            Executor disk,
            BufferBudget budget,
            Turns turns) {
        this.turns = turns;
        this.context = context;
        this.file = file;
        this.next = range.offset();
        this.end = range.end();
        this.disk = disk;
        this.budget = budget;
    }

    @Override
    public void start(Consumer<@Nullable Throwable> outcome) {
        ended = outcome;
        advance();
    }

    @Override
    public long sentBytes() {
        return sentBytes;
    }

    private void advance() {
        if (failure == null && !reading && inFlight < BUFFERS_AHEAD && next < end) {
            reading = true;
            long offset = next;
            turns.ask(length(offset), () -> budget.take(() -> onDiskThread(offset)));
        } else if (!told && !reading && inFlight == 0 && (failure != null || next == end)) {
            told = true;
            closeFile();
            ended.accept(failure);
        }
    }

    private int length(long offset) {
        return (int) Math.min(BUFFER_BYTES, end - offset);
    }

    private void onDiskThread(long offset) {
        try {
            disk.execute(() -> read(offset));
        } catch (RejectedExecutionException e) {
            onLoop(null, new IOException("the server stops", e));
        }
    }

    private void read(long offset) {
        ByteBuf buffer = null;
        try {
            buffer = context.alloc().directBuffer(BUFFER_BYTES);
            int length = length(offset);
            while (buffer.readableBytes() < length) {
                int wanted = length - buffer.readableBytes();
                if (buffer.writeBytes(file.channel(), offset + buffer.readableBytes(), wanted) < 0) {
                    throw new IOException("the file of " + file.digest() + " ends early");
                }
            }
            onLoop(buffer, null);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            if (buffer != null) {
                buffer.release();
            }
            onLoop(null, e);
        }
    }

    private void onLoop(@Nullable ByteBuf buffer, @Nullable Throwable cause) {
        context.executor().execute(() -> {
            reading = false;
            if (buffer == null) {
                budget.giveBack();
                fail(cause);
            } else {
                send(buffer);
            }
            advance();
        });
    }

    private void send(ByteBuf buffer) {
        int length = buffer.readableBytes();
        next += length;
        inFlight++;
        context.writeAndFlush(buffer).addListener(sent -> {
            budget.giveBack();
            inFlight--;
            if (sent.isSuccess()) {
                sentBytes += length;
            } else {
                fail(sent.cause());
            }
            advance();
        });
    }

    private void fail(@Nullable Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
    }

    private void closeFile() {
        try {
            file.close();
        } catch (IOException e) {
            log.debug("closing the file of {}: {}", file.digest(), e.toString());
        }
    }
}
