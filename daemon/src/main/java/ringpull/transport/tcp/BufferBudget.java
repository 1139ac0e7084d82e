package ringpull.transport.tcp;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How many buffers all answers together may hold, so that memory is bounded whatever the number of connections and
 * however slowly they read. First come, first served. Safe for many threads.
 */
final class BufferBudget {
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private int free;

    BufferBudget(int buffers) {
        this.free = buffers;
    }

    /** Runs this with the right to one buffer: now, or on the thread that gives one back. It does not throw. */
    void take(Runnable withOne) {
        synchronized (this) {
            if (free == 0) {
                waiting.addLast(withOne);
                return;
            }
            free--;
        }
        withOne.run();
    }

    void giveBack() {
        Runnable next;
        synchronized (this) {
            next = waiting.pollFirst();
            if (next == null) {
                free++;
                return;
            }
        }
        next.run();
    }

    /** How many are left. */
    synchronized int free() {
        return free;
    }
}
