package ringpull.ring;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import ringpull.blob.Digest;

/**
 * What one member says it holds, as the last change of each digest in the order of their versions. Removals are
 * remembered for others to learn, but only the newest of them.
 *
 * <p>Three versions say what the set is. It has the blobs added up to {@code version}, without those removed up to
 * max(version, base); {@code base} is above {@code version} only while a whole inventory arrives in pages. Removals up to
 * {@code cut} are forgotten, so a node that knows less than that has to begin at 0 again.
 */
final class Inventory {
    /** Removals that are remembered. */
    static final int REMOVALS = 1_024;

    private final int remembered;
    private final LinkedHashMap<Digest, Change> changes = new LinkedHashMap<>();
    private final ArrayDeque<Change> removals = new ArrayDeque<>();
    private long version;
    private long base;
    private long cut;
    private int held;
    /** The same for any thread. */
    private volatile int shown;

    Inventory() {
        this(REMOVALS);
    }

    /** @param remembered removals */
    Inventory(int remembered) {
        this.remembered = remembered;
    }

    /** Hears of each change of the set. */
    interface Listener {
        /** Whether there is room for one more. */
        boolean added(Change change);

        void removed(Digest digest);
    }

    static final Listener NOBODY = new Listener() {
        @Override
        public boolean added(Change change) {
            return true;
        }

        @Override
        public void removed(Digest digest) {}
    };

    enum Outcome {
        APPLIED,
        KNOWN,
        /** Changes in between are missing. */
        GAP
    }

    long version() {
        return version;
    }

    long base() {
        return base;
    }

    /** Blobs in the set. For any thread. */
    int held() {
        return shown;
    }

    /** This node's own: a new blob. False if that is known, or one too many. */
    boolean hold(Digest digest, long sizeBytes) {
        Change known = changes.get(digest);
        if (held >= Limits.INVENTORY_ENTRIES || (known != null && known.sizeBytes() == sizeBytes)) {
            return false;
        }
        version++;
        put(new Change(version, digest, sizeBytes), NOBODY);
        return true;
    }

    /** This node's own: a blob is gone. */
    boolean drop(Digest digest) {
        Change known = changes.get(digest);
        if (known == null || known.removed()) {
            return false;
        }
        version++;
        put(new Change(version, digest, Change.REMOVED), NOBODY);
        return true;
    }

    /** Whether a node at these versions can learn something here. */
    boolean newerThan(long theirVersion, long theirBase) {
        return version > theirVersion && asOf() >= theirBase;
    }

    /** What a node at these versions lacks, at most so many changes of it; the rest when it has these. */
    Delta since(Rumor owner, long theirVersion, long theirBase, int most) {
        long from = Math.max(theirVersion, theirBase) < cut ? 0 : Math.min(theirVersion, version);
        List<Change> newer = new ArrayList<>();
        for (Change change : changes.sequencedValues().reversed()) {
            if (change.version() <= from) {
                break;
            }
            newer.add(change);
        }
        Collections.reverse(newer);
        boolean all = newer.size() <= most;
        List<Change> page = all ? newer : newer.subList(0, most);
        long to = all ? version : page.isEmpty() ? from : page.getLast().version();
        return new Delta(owner.id(), owner.epoch(), from, to, cut, asOf(), page);
    }

    Outcome apply(Delta delta, Listener listener) {
        if (delta.asOf() < base) {
            return Outcome.KNOWN;
        }
        boolean continues = asOf() >= delta.cut() && delta.from() <= version;
        if (continues && delta.to() <= version) {
            return Outcome.KNOWN;
        }
        if (!continues) {
            if (delta.from() > 0 || asOf() >= delta.cut()) {
                return Outcome.GAP;
            }
            clear(listener);
            base = delta.cut();
            cut = delta.cut();
        }
        for (Change change : delta.changes()) {
            if (change.version() > version) {
                put(change, listener);
            }
        }
        version = delta.to();
        return Outcome.APPLIED;
    }

    /** Forgets everything. */
    void clear(Listener listener) {
        changes.values().stream().filter(change -> !change.removed()).forEach(c -> listener.removed(c.digest()));
        changes.clear();
        removals.clear();
        version = 0;
        base = 0;
        cut = 0;
        held = 0;
        shown = 0;
    }

    private long asOf() {
        return Math.max(version, base);
    }

    private void put(Change change, Listener listener) {
        Change before = changes.remove(change.digest());
        if (before != null && !before.removed()) {
            held--;
            listener.removed(change.digest());
        }
        if (change.removed()) {
            changes.put(change.digest(), change);
            removals.add(change);
            forgetOldRemovals();
        } else if (held < Limits.INVENTORY_ENTRIES && listener.added(change)) {
            changes.put(change.digest(), change);
            held++;
        }
        shown = held;
    }

    private void forgetOldRemovals() {
        while (removals.size() > remembered) {
            Change oldest = removals.remove();
            if (changes.remove(oldest.digest(), oldest)) {
                cut = Math.max(cut, oldest.version());
            }
        }
    }
}
