package ringpull.ring;

import java.util.ArrayList;
import java.util.List;

/** News for one message, within its limits. */
final class Bundle {
    /** News beside a probe, a push or their answers. */
    static final int NEWS_BYTES = 8 << 10;

    /** News that answer a sync; leaves room in a message for its version vector. */
    static final int SYNC_BYTES = 2 << 20;

    private final List<Rumor> rumors = new ArrayList<>();
    private final List<Delta> deltas = new ArrayList<>();
    private int changes;
    private int bytesLeft;
    private boolean truncated;

    Bundle(int bytes) {
        bytesLeft = bytes;
    }

    List<Rumor> rumors() {
        return rumors;
    }

    List<Delta> deltas() {
        return deltas;
    }

    boolean isEmpty() {
        return rumors.isEmpty() && deltas.isEmpty();
    }

    /** Whether something did not fit. */
    boolean truncated() {
        return truncated;
    }

    boolean add(Rumor rumor) {
        if (rumor.weight() > bytesLeft || rumors.size() >= Limits.RUMORS_PER_MESSAGE) {
            truncated = true;
            return false;
        }
        bytesLeft -= rumor.weight();
        return rumors.add(rumor);
    }

    /** As many as fit of the changes that a node lacks which is at these versions of the inventory. */
    boolean add(Peer owner, long version, long base) {
        int room = Math.min(Limits.CHANGES_PER_MESSAGE - changes, (bytesLeft - Delta.WEIGHT) / Change.WEIGHT);
        if (room <= 0 || deltas.size() >= Limits.DELTAS_PER_MESSAGE) {
            truncated = true;
            return false;
        }
        Delta delta = owner.inventory().since(owner.rumor(), version, base, room);
        truncated |= delta.to() < owner.inventory().version();
        changes += delta.changes().size();
        bytesLeft -= delta.weight();
        return deltas.add(delta);
    }
}
