package ringpull.store;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Platform threads for what blocks on the disk for long: syncs, allocation, the index. */
final class DiskThreads implements AutoCloseable {
    private static final int THREADS = 4;
    private static final long CLOSE_SECONDS_MAX = 60;

    private final ScheduledThreadPoolExecutor pool = new ScheduledThreadPoolExecutor(
            THREADS, Thread.ofPlatform().daemon().name("store-", 0).factory());

    interface Task<T> {
        T run() throws IOException;
    }

    /**
     * Runs the task and waits for its end, even if the calling thread is interrupted: what becomes of files must not
     * depend on when a client loses patience.
     */
    <T> T call(Task<T> task) throws IOException {
        Future<T> result;
        try {
            result = pool.submit(task::run);
        } catch (RejectedExecutionException e) {
            throw new IOException("the store is closed", e);
        }
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return result.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw rethrown(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static IOException rethrown(ExecutionException failure) {
        return switch (failure.getCause()) {
            case IOException e -> e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case null, default -> new IOException(failure);
        };
    }

    /** Runs the task some time soon; not at all once closed. */
    void execute(Runnable task) {
        try {
            pool.execute(task);
        } catch (RejectedExecutionException e) {
            // Closing the store records what is present.
        }
    }

    void repeat(Duration period, Runnable task) {
        Future<?> _ = pool.scheduleWithFixedDelay(task, period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        pool.shutdown();
        try {
            pool.awaitTermination(CLOSE_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
