package ringpull.swarm;

import java.util.HashMap;
import java.util.Map;
import ringpull.blob.Digest;

/**
 * Who is being served chunks of blobs that are still arriving: few at a time, so that a chunk soon has more than one holder
 * instead of waiting in line behind others of the same; who comes in vain asks somebody else. No reader has more than half,
 * and blobs share evenly. Not safe for use by many threads.
 */
public final class Uploads {
    /** Reads served at a time. */
    public static final int MOST = 4;

    private final Map<Object, Integer> byReader = new HashMap<>();
    private final Map<Digest, Integer> byBlob = new HashMap<>();
    private int all;

    /** Whether this read may begin; if so, {@link #end} must follow. */
    public boolean begin(Object reader, Digest blob) {
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
