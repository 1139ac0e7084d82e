package ringpull.swarm;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import ringpull.blob.Digest;

/**
 * Who is being served chunks of blobs that are still arriving: few at a time, so that a chunk soon has more than one holder,
 * and the next waits in line. No reader has more than half, and blobs share evenly. Not safe for use by many threads.
 */
public final class Uploads {
    /** Reads served at a time. */
    public static final int MOST = 4;

    /** Reads that wait, so that the link is never idle; who comes in vain asks somebody else, who may have the chunk by then. */
    public static final int WAITING_MOST = 1;

    private final Map<Object, Integer> byReader = new HashMap<>();
    private final Map<Digest, Integer> byBlob = new HashMap<>();
    private final Deque<Waiting> line = new ArrayDeque<>();
    private int all;

    private record Waiting(Object reader, Digest blob, Runnable turn) {}

    /**
     * A read asks for its turn.
     *
     * @param turn one of {@link #next}, at once or later; then {@link #end} must follow
     * @return false if too many wait, or this reader has its share
     */
    public boolean ask(Object reader, Digest blob, Runnable turn) {
        if (byReader.getOrDefault(reader, 0) >= MOST / 2 || line.size() >= WAITING_MOST) {
            return false;
        }
        line.add(new Waiting(reader, blob, turn));
        return true;
    }

    /** Those whose turn it is now, for the caller to run. */
    public List<Runnable> next() {
        List<Runnable> turns = new ArrayList<>();
        for (Iterator<Waiting> waiting = line.iterator(); waiting.hasNext(); ) {
            Waiting first = waiting.next();
            if (begin(first.reader, first.blob)) {
                waiting.remove();
                turns.add(first.turn);
            }
        }
        return turns;
    }

    private boolean begin(Object reader, Digest blob) {
        int others = byBlob.containsKey(blob) ? byBlob.size() - 1 : byBlob.size();
        int share = Math.max(1, MOST / (others + 1));
        if (byReader.getOrDefault(reader, 0) >= MOST / 2 || byBlob.getOrDefault(blob, 0) >= share) {
            return false;
        }
        if (all >= MOST && byBlob.containsKey(blob)) {
            return false;
        }
        all++;
        byReader.merge(reader, 1, Integer::sum);
        byBlob.merge(blob, 1, Integer::sum);
        return true;
    }

    public void end(Object reader, Digest blob) {
        all--;
        byReader.computeIfPresent(reader, (r, count) -> count == 1 ? null : count - 1);
        byBlob.computeIfPresent(blob, (b, count) -> count == 1 ? null : count - 1);
    }
}
