package ringpull.transport.rdma;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A step on a thread for the disk, that can be broken off. Whatever happens, its end is told once. */
abstract class DiskWork implements Runnable {
    private @Nullable Thread runner;
    private boolean cancelled;

    /** May wait for the disk; interrupted when it is cancelled. */
    abstract void work() throws IOException;

    /** @param failure null: it was done */
    abstract void ended(@Nullable IOException failure);

    @Override
    public final void run() {
        IOException failure = null;
        if (!begin()) {
            failure = new IOException("cancelled");
        } else {
            try {
                work();
            } catch (IOException e) {
                failure = e;
            } catch (RuntimeException e) {
                failure = new IOException("a defect: " + e, e);
            }
            leave();
        }
        ended(failure);
    }

    private synchronized boolean begin() {
        runner = cancelled ? null : Thread.currentThread();
        return runner != null;
    }

    private synchronized void leave() {
        runner = null;
        boolean _ = Thread.interrupted(); // meant for this step, and not for the thread's next
    }

    final synchronized void cancel() {
        cancelled = true;
        Thread there = runner;
        if (there != null) {
            there.interrupt();
        }
    }
}
