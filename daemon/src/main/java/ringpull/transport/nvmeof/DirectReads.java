package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Threads that wait in the kernel for pieces of one holder's disks, and the buffers that the pieces come into. One holder's
 * alone, since a lost target keeps them for some seconds. For any thread.
 */
final class DirectReads implements AutoCloseable {
    /** Of one request to the kernel; it cuts it as the device likes. */
    static final int PIECE_BYTES = 1 << 20;

    /** Requests in the kernel at a time, and buffers: those of reads that were broken off count until they come back. */
    static final int DEPTH = 16;

    private static final long IDLE_SECONDS = 10;

    private final ThreadPoolExecutor threads;
    private final Deque<ByteBuffer> free = new ArrayDeque<>();
    private int made;
    private boolean closed;

    DirectReads(String holder) {
        threads = new ThreadPoolExecutor(
                DEPTH,
                DEPTH,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("nvmeof " + holder + " ", 0).factory());
        threads.allowCoreThreadTimeOut(true);
    }

    /** Waits for a free buffer. */
    synchronized ByteBuffer take(long waitNanos) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + waitNanos;
        while (true) {
            ByteBuffer buffer = takeIfFree();
            if (buffer != null) {
                return buffer;
            }
            long left = deadline - System.nanoTime();
            if (closed || left <= 0) {
                throw new IOException(closed ? "the transport was closed" : "no read came back in time");
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    /** A buffer, if there is one free. */
    synchronized @Nullable ByteBuffer takeIfFree() {
        if (closed) {
            return null;
        }
        ByteBuffer buffer = free.pollLast();
        if (buffer == null && made < DEPTH) {
            made++;
            buffer = ByteBuffer.allocateDirect(PIECE_BYTES + Layout.BLOCK_BYTES).alignedSlice(Layout.BLOCK_BYTES);
        }
        return buffer;
    }

    synchronized void give(ByteBuffer buffer) {
        free.addLast(buffer);
        notify();
    }

    /** Reads so many bytes at an offset; all of them, or it fails. The disk is held open meanwhile. */
    CompletableFuture<ByteBuffer> read(OpenDisk disk, long offset, int length, ByteBuffer into) {
        CompletableFuture<ByteBuffer> read = new CompletableFuture<>();
        disk.retain();
        into.clear().limit(length);
        try {
            threads.execute(() -> {
                try {
                    int come = disk.read(into, offset);
                    if (come < length) {
                        throw new IOException("the disk ends at byte " + (offset + come) + ": it has gone");
                    }
                    read.complete(into.flip());
                } catch (IOException | RuntimeException e) {
                    read.completeExceptionally(e);
                } finally {
                    disk.release();
                }
            });
        } catch (RejectedExecutionException e) {
            disk.release();
            read.completeExceptionally(new IOException("the transport was closed", e));
        }
        return read;
    }

    /** Reads that run come to their end by themselves. */
    @Override
    public synchronized void close() {
        closed = true;
        threads.shutdown();
        notifyAll();
    }
}
