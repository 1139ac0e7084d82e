package ringpull.fetch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.store.PartialBlob;

/**
 * The absent bytes of a partial blob as runs to be asked for: first those that a client waits for, then the nearest to the
 * front, so that the proof can follow. Safe for many threads.
 */
final class MissingRuns {
    private final Deque<ByteRange> runs = new ArrayDeque<>();
    private final LongSupplier wanted;
    private int taken;

    /**
     * Cuts what is absent into runs of at most so many bytes.
     *
     * @param wanted where the bytes begin that are needed first
     */
    MissingRuns(PartialBlob partial, long runBytesMax, LongSupplier wanted) {
        this.wanted = wanted;
        int chunks = Chunk.count(partial.sizeBytes());
        for (int chunk = 0; chunk < chunks; chunk++) {
            if (partial.has(chunk)) {
                continue;
            }
            ByteRange range = Chunk.range(chunk, partial.sizeBytes());
            ByteRange last = runs.peekLast();
            if (last != null && last.end() == range.offset() && last.length() + range.length() <= runBytesMax) {
                runs.removeLast();
                runs.addLast(new ByteRange(last.offset(), last.length() + range.length()));
            } else {
                runs.addLast(range);
            }
        }
    }

    /** The next run to ask for; whoever takes it gives back what is left of it, be it nothing. */
    synchronized Optional<ByteRange> take() {
        ByteRange run = runs.peekFirst();
        if (run == null) {
            return Optional.empty();
        }
        long from = wanted.getAsLong() / Chunk.SIZE_BYTES * Chunk.SIZE_BYTES;
        if (run.offset() < from) {
            run = runs.stream().filter(r -> r.end() > from).findFirst().orElse(run);
        }
        runs.remove(run);
        if (run.offset() < from && run.end() > from) {
            runs.addFirst(new ByteRange(run.offset(), from - run.offset()));
            run = new ByteRange(from, run.end() - from);
        }
        taken++;
        return Optional.of(run);
    }

    /** A run that was taken ended; these parts of it are still absent. */
    synchronized void giveBack(List<ByteRange> rest) {
        taken--;
        rest.reversed().forEach(runs::addFirst);
        notifyAll();
    }

    /** Waits while nothing is left to take but others may still give something back; true if there is. */
    synchronized boolean awaitMore() throws InterruptedException {
        while (runs.isEmpty() && taken > 0) {
            wait();
        }
        return !runs.isEmpty();
    }
}
