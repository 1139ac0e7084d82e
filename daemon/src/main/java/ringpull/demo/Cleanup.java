package ringpull.demo;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Undoes what was started, last first, once: at the end, or from a shutdown hook while the demonstration still starts
 * things. Safe for many threads.
 */
final class Cleanup implements AutoCloseable {
    private final Deque<Runnable> steps = new ArrayDeque<>();
    private final Lock closing = new ReentrantLock();
    private boolean closed;

    /**
     * Remembers a step that never throws.
     *
     * @throws IllegalStateException if it is too late; the step has then been run
     */
    void add(Runnable undo) {
        synchronized (steps) {
            if (!closed) {
                steps.push(undo);
                return;
            }
        }
        undo.run();
        throw new IllegalStateException("the demonstration is being stopped");
    }

    /** Returns when all steps are done, whoever runs them. */
    @Override
    public void close() {
        closing.lock();
        try {
            for (Runnable step = next(); step != null; step = next()) {
                step.run();
            }
        } finally {
            closing.unlock();
        }
    }

    private @Nullable Runnable next() {
        synchronized (steps) {
            closed = true;
            return steps.poll();
        }
    }
}
