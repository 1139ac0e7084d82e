package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import ringpull.blob.ByteRange;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;

/** One range's way from a disk to its landing: pieces are asked for ahead, and land in order. Used by one thread. */
final class RangeRead {
    /** Pieces of one range in the kernel at a time. */
    private static final int WINDOW = 8;

    private final Buffers buffers;
    private final DirectReads reads;
    private final OpenDisk disk;
    private final Landing landing;
    private final Duration stall;
    private final long end;
    private final Deque<Piece> window = new ArrayDeque<>();
    private long asked;
    private long landed;

    /** On its way into a buffer. */
    private record Piece(ByteBuffer buffer, CompletableFuture<ByteBuffer> read) {}

    /** @param stall how long a piece may take */
    RangeRead(Buffers buffers, DirectReads reads, OpenDisk disk, ByteRange range, Landing landing, Duration stall) {
        this.buffers = buffers;
        this.reads = reads;
        this.disk = disk;
        this.landing = landing;
        this.stall = stall;
        this.landed = disk.lease().offset() + range.offset();
        this.end = disk.lease().offset() + range.end();
        this.asked = blockOf(landed);
    }

    private static long blockOf(long offset) {
        return offset / Layout.BLOCK_BYTES * Layout.BLOCK_BYTES;
    }

    /** @throws IOException if the disk fails, or nothing comes in time */
    void run() throws TransferException, IOException, InterruptedException {
        try {
            while (landed < end) {
                ask();
                Piece first = window.getFirst();
                ByteBuffer come = await(first.read, stall);
                window.removeFirst();
                try {
                    land(come);
                } finally {
                    buffers.give(first.buffer);
                }
            }
        } finally {
            // The kernel may write into them as long as it likes.
            for (Piece piece : window) {
                var _ = piece.read.whenComplete((bytes, failure) -> buffers.give(piece.buffer));
            }
        }
    }

    private void ask() throws IOException, InterruptedException {
        while (asked < end && window.size() < WINDOW) {
            ByteBuffer buffer = window.isEmpty() ? buffers.take(stall.toNanos()) : buffers.takeIfFree();
            if (buffer == null) {
                return;
            }
            long rest = Math.ceilDiv(end - asked, (long) Layout.BLOCK_BYTES) * Layout.BLOCK_BYTES;
            int length = (int) Math.min(Buffers.PIECE_BYTES, rest);
            window.addLast(new Piece(buffer, reads.read(disk, asked, length, buffer)));
            asked += length;
        }
    }

    private void land(ByteBuffer come) throws TransferException, InterruptedException {
        long start = blockOf(landed);
        int from = (int) (landed - start);
        int to = (int) Math.min(come.limit(), end - start);
        long offset = landed - disk.lease().offset();
        try {
            landing.write(offset, come.slice(from, to - from));
        } catch (ClosedByInterruptException e) {
            Thread.interrupted();
            throw new InterruptedException();
        } catch (IOException | RuntimeException e) {
            throw new TransferException.LandingFailed("could not write at byte " + offset + ": " + e.getMessage(), e);
        }
        landed = start + to;
    }

    /** What came of it in time. */
    static <T> T await(CompletableFuture<T> result, Duration wait)
            throws TransferException, IOException, InterruptedException {
        try {
            return result.get(wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new IOException("no answer within " + wait.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof IOException failure) {
                throw failure;
            }
            if (cause instanceof TransferException failure) {
                throw failure;
            }
            throw new IOException("a read met a defect", cause);
        }
    }
}
