package ringpull.transport.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;

/**
 * One range on its way into a landing. The event loop lands bytes and ends the exchange; the caller waits, or abandons
 * it. Whoever comes first ends it, and the landing is not touched afterwards.
 */
final class Exchange {
    /** Small pieces are gathered up to this, because every write to a file costs. */
    static final int GATHER_BYTES = 256 << 10;

    /** Pieces from here on go to the landing as they are. */
    static final int DIRECT_BYTES = 64 << 10;

    private final Digest blob;
    private final ByteRange range;
    private final Landing landing;
    private final CompletableFuture<Optional<TransferException>> end = new CompletableFuture<>();
    private @Nullable ByteBuf gathered;
    private long landedBytes;
    private boolean ended;

    Exchange(Digest blob, ByteRange range, Landing landing) {
        this.blob = blob;
        this.range = range;
        this.landing = landing;
    }

    Digest blob() {
        return blob;
    }

    ByteRange range() {
        return range;
    }

    /** Takes the next bytes of the range; never more than are left of it. The caller keeps the buffer. */
    synchronized void land(ByteBuf bytes, ByteBufAllocator memory) throws TransferException.LandingFailed {
        if (ended) {
            return;
        }
        ByteBuf waiting = gathered;
        if ((waiting == null || !waiting.isReadable()) && bytes.readableBytes() >= DIRECT_BYTES) {
            write(bytes);
            return;
        }
        if (waiting == null) {
            waiting = memory.directBuffer(GATHER_BYTES, GATHER_BYTES);
            gathered = waiting;
        }
        while (bytes.isReadable()) {
            waiting.writeBytes(bytes, Math.min(bytes.readableBytes(), waiting.writableBytes()));
            if (!waiting.isWritable()) {
                writeGathered(waiting);
            }
        }
    }

    private void writeGathered(ByteBuf waiting) throws TransferException.LandingFailed {
        write(waiting);
        waiting.clear();
    }

    private void write(ByteBuf bytes) throws TransferException.LandingFailed {
        int length = bytes.readableBytes();
        long offset = range.offset() + landedBytes;
        if (length > range.length() - landedBytes) {
            throw new IllegalStateException("more bytes than asked for passed the checks");
        }
        try {
            for (ByteBuffer part : bytes.nioBuffers()) {
                int partBytes = part.remaining();
                landing.write(range.offset() + landedBytes, part);
                landedBytes += partBytes;
            }
            bytes.skipBytes(length);
        } catch (IOException | RuntimeException e) {
            throw new TransferException.LandingFailed("could not write at byte " + offset + ": " + e.getMessage(), e);
        }
    }

    /**
     * Every byte came.
     *
     * @throws TransferException.LandingFailed if the last of them could not be written
     */
    synchronized void succeed() throws TransferException.LandingFailed {
        if (ended) {
            return;
        }
        landRest();
        end();
        end.complete(Optional.empty());
    }

    /** The connection went before a byte of the answer came: the exchange may be tried on another. */
    synchronized void unanswered(TransferException why) {
        if (!ended) {
            end();
            end.complete(Optional.of(why));
        }
    }

    /** It will not go on; what came so far is landed. */
    synchronized void fail(TransferException failure) {
        if (ended) {
            return;
        }
        TransferException cause = failure;
        if (!(failure instanceof TransferException.LandingFailed)) {
            try {
                landRest();
            } catch (TransferException.LandingFailed e) {
                cause = e;
            }
        }
        end();
        end.completeExceptionally(cause);
    }

    /** The caller has no more interest. Waits for a write that runs, then returns. */
    synchronized void abandon() {
        if (!ended) {
            end();
            end.cancel(false);
        }
    }

    private void landRest() throws TransferException.LandingFailed {
        ByteBuf waiting = gathered;
        if (waiting != null && waiting.isReadable()) {
            writeGathered(waiting);
        }
    }

    private void end() {
        ended = true;
        ByteBuf waiting = gathered;
        if (waiting != null) {
            waiting.release();
            gathered = null;
        }
    }

    /** Waits for the end; a failure that is returned, not thrown, may be mended by another connection. */
    Optional<TransferException> await() throws TransferException, InterruptedException {
        try {
            return end.get();
        } catch (ExecutionException e) {
            TransferException failure = switch (e.getCause()) {
                // A new exception, so that its trace shows who asked.
                case TransferException.Unreachable u ->
                    new TransferException.Unreachable(String.valueOf(u.getMessage()), u);
                case TransferException.Busy b -> new TransferException.Busy(String.valueOf(b.getMessage()));
                case TransferException.NotHeld n -> new TransferException.NotHeld(String.valueOf(n.getMessage()));
                case TransferException.LandingFailed l -> l;
                case null, default -> throw new IllegalStateException(e);
            };
            throw failure;
        }
    }
}
