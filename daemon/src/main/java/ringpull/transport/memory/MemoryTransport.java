package ringpull.transport.memory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.ChunkSource;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;

/** Holders inside this process, each at an address of its own choice, with faults to set. Safe for many threads. */
public final class MemoryTransport implements Transport {
    private static final int STEP_BYTES = 256 << 10;

    private final Map<InetSocketAddress, ChunkSource> holders = new HashMap<>();
    private final Map<InetSocketAddress, Fault> faults = new HashMap<>();
    private boolean closed;

    /** What goes wrong with every read from a holder. */
    public sealed interface Fault {
        /** Nobody listens there. */
        record Refuse() implements Fault {}

        /** The connection breaks after so many bytes of each range. */
        record BreakAfter(long bytes) implements Fault {}

        /** One bit of the byte at this offset of a blob is wrong. */
        record Flip(long offset) implements Fault {}

        /** Nothing comes after so many bytes of each range, until the fault is another; then the read fails. */
        record HoldAfter(long bytes) implements Fault {}
    }

    /** From now on this address serves what the source has. */
    public synchronized void serve(InetSocketAddress holder, ChunkSource source) {
        holders.put(holder, source);
    }

    /** Sets what is wrong with a holder, in place of what was. */
    public synchronized void fault(InetSocketAddress holder, Fault fault) {
        faults.put(holder, fault);
        notifyAll();
    }

    /** Nothing is wrong with this holder any more. */
    public synchronized void heal(InetSocketAddress holder) {
        faults.remove(holder);
        notifyAll();
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing)
            throws TransferException, InterruptedException {
        ChunkSource.Serving serving = serving(holder, blob, range);
        try (BlobFile file = serving.file()) {
            if (range.end() > file.sizeBytes()) {
                throw new TransferException.Unreachable(
                        holder + " has only " + file.sizeBytes() + " bytes of " + blob + ", not " + range.end());
            }
            ByteBuffer step = ByteBuffer.allocateDirect(STEP_BYTES);
            long offset = range.offset();
            while (offset < range.end()) {
                step.clear().limit((int) Math.min(STEP_BYTES, range.end() - offset));
                long allowed = allowed(holder, offset - range.offset(), step.limit());
                step.limit((int) allowed);
                fill(file, step, offset);
                flip(holder, step, offset);
                offset += allowed;
                land(landing, offset - allowed, step);
            }
        } catch (ClosedByInterruptException e) {
            throw interrupted();
        } catch (IOException e) {
            throw new TransferException.Unreachable(holder + " broke off: " + e.getMessage(), e);
        } finally {
            serving.over().run();
        }
    }

    private ChunkSource.Serving serving(InetSocketAddress holder, Digest blob, ByteRange range)
            throws TransferException, InterruptedException {
        try {
            return source(holder)
                    .serve(blob, range, holder)
                    .get()
                    .orElseThrow(() -> new TransferException.NotHeld(holder + " does not hold " + blob));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ClosedByInterruptException) {
                throw interrupted();
            }
            if (e.getCause() instanceof ChunkSource.Busy busy) {
                throw new TransferException.Busy(holder + ": " + busy.getMessage());
            }
            throw new TransferException.Unreachable(holder + " broke off: " + e.getMessage(), e);
        }
    }

    private synchronized ChunkSource source(InetSocketAddress holder) throws TransferException {
        ChunkSource source = holders.get(holder);
        if (closed || source == null || faults.get(holder) instanceof Fault.Refuse) {
            throw new TransferException.Unreachable(holder + " refused the connection");
        }
        return source;
    }

    /** How many of the wanted bytes may pass now: at least one, or this throws. */
    private synchronized long allowed(InetSocketAddress holder, long passed, long wanted)
            throws TransferException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (closed) {
            throw new TransferException.Unreachable("the transport was closed");
        }
        @Nullable Fault fault = faults.get(holder);
        return switch (fault) {
            case null -> wanted;
            case Fault.Refuse r -> throw new TransferException.Unreachable(holder + " refused the connection");
            case Fault.Flip f -> wanted;
            case Fault.BreakAfter b -> {
                if (passed >= b.bytes()) {
                    throw new TransferException.Unreachable(holder + " broke off after " + passed + " bytes");
                }
                yield Math.min(wanted, b.bytes() - passed);
            }
            case Fault.HoldAfter h -> {
                if (passed >= h.bytes()) {
                    while (!closed && h.equals(faults.get(holder))) {
                        wait();
                    }
                    throw new TransferException.Unreachable(holder + " sent nothing more after " + passed + " bytes");
                }
                yield Math.min(wanted, h.bytes() - passed);
            }
        };
    }

    private static void fill(BlobFile file, ByteBuffer step, long offset) throws IOException {
        while (step.hasRemaining()) {
            if (file.channel().read(step, offset + step.position()) < 0) {
                throw new IOException("the file of " + file.digest() + " ends early");
            }
        }
        step.flip();
    }

    private synchronized void flip(InetSocketAddress holder, ByteBuffer step, long offset) {
        if (faults.get(holder) instanceof Fault.Flip(long at) && at >= offset && at < offset + step.limit()) {
            int index = (int) (at - offset);
            step.put(index, (byte) (step.get(index) ^ 1));
        }
    }

    private static void land(Landing landing, long offset, ByteBuffer step)
            throws TransferException, InterruptedException {
        try {
            landing.write(offset, step);
        } catch (ClosedByInterruptException e) {
            throw interrupted();
        } catch (IOException | RuntimeException e) {
            throw new TransferException.LandingFailed("could not write at byte " + offset + ": " + e.getMessage(), e);
        }
    }

    private static InterruptedException interrupted() {
        Thread.interrupted();
        return new InterruptedException();
    }

    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
    }
}
