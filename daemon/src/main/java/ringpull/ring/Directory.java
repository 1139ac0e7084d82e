package ringpull.ring;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Numbers members, so that what a ring knows of them fits into arrays. A daemon has one of its own; rings that are
 * simulated in one process may share one and so its memory. A number is given again when no ring uses it any more. For
 * any thread.
 */
public final class Directory {
    static final int NONE = -1;

    private final Map<MemberId, Integer> ordinals = new ConcurrentHashMap<>();
    private volatile long[] keys = new long[64];
    private @Nullable MemberId[] ids = new MemberId[64];
    private int[] uses = new int[64];
    private int[] free = new int[16];
    private int freed;
    private int next;

    /** The member's number, or {@link #NONE} if it has none. */
    int find(MemberId id) {
        return ordinals.getOrDefault(id, NONE);
    }

    /** The member's number, which is its own until released as often as acquired. */
    synchronized int acquire(MemberId id) {
        int known = find(id);
        if (known != NONE) {
            uses[known]++;
            return known;
        }
        int ordinal = freed > 0 ? free[--freed] : next++;
        if (ordinal == keys.length) {
            int size = ordinal + ordinal / 2;
            ids = Arrays.copyOf(ids, size);
            uses = Arrays.copyOf(uses, size);
            keys = Arrays.copyOf(keys, size);
        }
        ids[ordinal] = id;
        uses[ordinal] = 1;
        keys[ordinal] = Fingerprint.of(id);
        ordinals.put(id, ordinal);
        return ordinal;
    }

    synchronized void release(int ordinal) {
        MemberId id = ids[ordinal];
        if (--uses[ordinal] == 0 && id != null) {
            ordinals.remove(id);
            ids[ordinal] = null;
            if (freed == free.length) {
                free = Arrays.copyOf(free, 2 * freed);
            }
            free[freed++] = ordinal;
        }
    }

    /** The fingerprint of the member's id. */
    long key(int ordinal) {
        return keys[ordinal];
    }
}
