package ringpull.sim;

import java.util.Arrays;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Tasks in the order of virtual time, those of one slot in the order in which they were planned. A timing wheel, because
 * ten thousand nodes plan half a million tasks a second and a heap sorts each of them.
 */
final class Wheel {
    /** A slot is 2^17 ns = 131 us: far below any latency. */
    private static final int SLOT_SHIFT = 17;

    /** 4.3 s; later tasks wait in a heap. */
    private static final int SLOTS = 1 << 15;

    private final Slot[] slots = new Slot[SLOTS];
    private final PriorityQueue<Later> later = new PriorityQueue<>();
    private long current;
    private long order;

    Wheel() {
        Arrays.setAll(slots, i -> new Slot());
    }

    private record Later(long slot, long order, Runnable task) implements Comparable<Later> {
        @Override
        public int compareTo(Later o) {
            return slot != o.slot ? Long.compare(slot, o.slot) : Long.compare(order, o.order);
        }
    }

    private static final class Slot {
        private @Nullable Runnable[] tasks = new Runnable[4];
        private int size;

        private void add(Runnable task) {
            if (size == tasks.length) {
                tasks = Arrays.copyOf(tasks, 2 * size);
            }
            tasks[size++] = task;
        }

        /** Also what the tasks add meanwhile. */
        private void run() {
            for (int i = 0; i < size; i++) {
                Runnable task = tasks[i];
                tasks[i] = null;
                if (task != null) {
                    task.run();
                }
            }
            size = 0;
        }
    }

    /** Nanoseconds since the start. */
    long now() {
        return current << SLOT_SHIFT;
    }

    /** Runs the task at that time, rounded up to a slot; at once if that is past. */
    void add(long at, Runnable task) {
        long slot = Math.max(current, (at + (1L << SLOT_SHIFT) - 1) >>> SLOT_SHIFT);
        if (slot - current < SLOTS) {
            slots[(int) (slot % SLOTS)].add(task);
        } else {
            later.add(new Later(slot, order++, task));
        }
    }

    void runUntil(long end) {
        long last = end >>> SLOT_SHIFT;
        slots[(int) (current % SLOTS)].run();
        while (current < last) {
            current++;
            while (!later.isEmpty() && later.element().slot - current < SLOTS) {
                Later next = later.remove();
                slots[(int) (next.slot % SLOTS)].add(next.task);
            }
            slots[(int) (current % SLOTS)].run();
        }
    }
}
