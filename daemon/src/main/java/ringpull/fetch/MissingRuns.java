package ringpull.fetch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.store.PartialBlob;

/**
 * The absent bytes of a partial blob as runs to be asked for, nearest to the front first, so that the proof can follow.
 * Safe for many threads.
 */
final class MissingRuns {
    private final Deque<ByteRange> runs = new ArrayDeque<>();
    private int taken;

    /** Cuts what is absent into runs of at most so many bytes. */
    MissingRuns(PartialBlob partial, long runBytesMax) {
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

    /** The next run to ask for; whoever takes it says later that it is {@link #done} or gives back what is left. */
    synchronized Optional<ByteRange> take() {
        ByteRange run = runs.pollFirst();
        if (run == null) {
            return Optional.empty();
        }
        taken++;
        return Optional.of(run);
    }

    /** A run that was taken has arrived whole. */
    synchronized void done() {
        taken--;
        notifyAll();
    }

    /** A run that was taken broke off; this is left of it. */
    synchronized void giveBack(ByteRange rest) {
        taken--;
        if (rest.length() > 0) {
            runs.addFirst(rest);
        }
        notifyAll();
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
