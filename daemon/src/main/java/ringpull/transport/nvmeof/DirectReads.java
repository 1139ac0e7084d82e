package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Threads that wait in the kernel for pieces of one holder's disks; a lost target keeps them for some seconds. For any thread. */
final class DirectReads implements AutoCloseable {
    /** Requests in the kernel at a time. */
    static final int DEPTH = 16;

    private static final long IDLE_SECONDS = 10;

    private final ThreadPoolExecutor threads;

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
    public void close() {
        threads.shutdown();
    }
}
