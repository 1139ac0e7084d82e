package ringpull.transport.rdma;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Memory in slots of one chunk, mapped once, to be registered with devices. Whoever closes it must know that no device and
 * no thread uses it any more. Safe for many threads.
 */
final class Memory implements AutoCloseable {
    /** A chunk. */
    static final int SLOT_BYTES = 1 << 20;

    private final MemorySegment segment;

    private final int[] free;
    private int freeCount;
    private final Deque<BooleanSupplier> waiters = new ArrayDeque<>();

    Memory(int slots) throws IOException {
        long bytes = (long) slots * SLOT_BYTES;
        this.segment = MemorySegment.ofAddress(Native.map(bytes)).reinterpret(bytes);
        this.free = new int[slots];
        for (int slot = slots - 1; slot >= 0; slot--) {
            free[freeCount++] = slot;
        }
    }

    /** Where a direct buffer begins. */
    static long address(ByteBuffer buffer) {
        return MemorySegment.ofBuffer(buffer).address();
    }

    /**
     * A slot for the caller alone. If there is none left, -1, and the waiter is told once when there is one; it returns whether
     * it has any use for it.
     */
    synchronized int take(BooleanSupplier waiter) {
        if (freeCount == 0) {
            waiters.addLast(waiter);
            return -1;
        }
        return free[--freeCount];
    }

    void giveBack(int slot) {
        synchronized (this) {
            free[freeCount++] = slot;
            notifyAll();
        }
        passOn();
    }

    /** Tells the next waiter if there is a slot. */
    void passOn() {
        BooleanSupplier next = nextWaiter();
        while (next != null && !next.getAsBoolean()) {
            next = nextWaiter();
        }
    }

    private synchronized @Nullable BooleanSupplier nextWaiter() {
        return freeCount == 0 ? null : waiters.pollFirst();
    }

    /** Waits until every slot was given back; false if that takes too long. */
    synchronized boolean awaitAll(Deadline deadline) throws InterruptedException {
        while (freeCount < free.length && deadline.millis() > 0) {
            wait(deadline.millis());
        }
        return freeCount == free.length;
    }

    long address() {
        return segment.address();
    }

    long bytes() {
        return segment.byteSize();
    }

    long address(int slot) {
        return segment.address() + (long) slot * SLOT_BYTES;
    }

    /** The first bytes of a slot. */
    ByteBuffer buffer(int slot, int length) {
        return segment.asSlice((long) slot * SLOT_BYTES, length).asByteBuffer();
    }

    @Override
    public void close() {
        Native.unmap(segment.address(), segment.byteSize());
    }
}
