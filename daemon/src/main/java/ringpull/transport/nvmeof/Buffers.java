package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What pieces come into, for all holders together: the JVM's direct memory is not only ours. For any thread. */
final class Buffers {
    /** Of one request to the kernel; it cuts it as the device likes. */
    static final int PIECE_BYTES = 1 << 20;

    /** Those of reads that were broken off count until they come back. */
    static final int TOTAL = 48;

    private final Deque<ByteBuffer> free = new ArrayDeque<>();
    private int made;

    /** Waits for one. */
    synchronized ByteBuffer take(long waitNanos) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + waitNanos;
        ByteBuffer buffer = takeIfFree();
        while (buffer == null) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw new IOException("no read came back in time");
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
            buffer = takeIfFree();
        }
        return buffer;
    }

    /** One, if there is one free. */
    synchronized @Nullable ByteBuffer takeIfFree() {
        ByteBuffer buffer = free.pollLast();
        if (buffer == null && made < TOTAL) {
            made++;
            buffer = ByteBuffer.allocateDirect(PIECE_BYTES + Layout.BLOCK_BYTES).alignedSlice(Layout.BLOCK_BYTES);
        }
        return buffer;
    }

    synchronized void give(ByteBuffer buffer) {
        free.addLast(buffer);
        notifyAll();
    }
}
