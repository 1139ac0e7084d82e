package ringpull.sim;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import ringpull.ring.Effect;
import ringpull.ring.Membership.Status;

/**
 * Which members every node counts, beside who is really there: kept up to date by each change, so that ten thousand views
 * are compared in no time.
 */
public final class Views {
    private final List<SimNode> nodes;
    private final List<View> views = new ArrayList<>();
    private final BitSet on = new BitSet();
    private long suspicions;
    private long falseDeaths;

    Views(List<SimNode> nodes) {
        this.nodes = nodes;
    }

    private static final class View {
        private final BitSet counted = new BitSet();
        private int wrong;
    }

    void added() {
        views.add(new View());
    }

    void started(SimNode node) {
        for (SimNode viewer : nodes) {
            set(viewer, node, false); // of its old life
        }
        flip(node, true);
        View own = views.get(node.index);
        own.counted.clear();
        own.wrong = 0;
        nodes.forEach(other -> own.wrong += isOn(other) && sameRing(node, other) ? 1 : 0);
        set(node, node, true);
    }

    void stopped(SimNode node) {
        flip(node, false);
    }

    private void flip(SimNode subject, boolean isOn) {
        if (on.get(subject.index) == isOn) {
            return;
        }
        on.set(subject.index, isOn);
        for (SimNode viewer : nodes) {
            if (sameRing(viewer, subject)) {
                View view = views.get(viewer.index);
                view.wrong += view.counted.get(subject.index) == isOn ? -1 : 1;
            }
        }
    }

    private void set(SimNode viewer, SimNode subject, boolean counted) {
        View view = views.get(viewer.index);
        if (sameRing(viewer, subject) && view.counted.get(subject.index) != counted) {
            view.counted.set(subject.index, counted);
            view.wrong += on.get(subject.index) == counted ? -1 : 1;
        }
    }

    private static boolean sameRing(SimNode one, SimNode other) {
        return one.cluster.equals(other.cluster);
    }

    private boolean isOn(SimNode node) {
        return on.get(node.index);
    }

    void changed(SimNode viewer, SimNode subject, Effect.Changed changed) {
        if (!subject.isOfThisLife(changed.member().epoch())) {
            return;
        }
        suspicions += changed.status() == Status.SUSPECT && isOn(subject) ? 1 : 0;
        falseDeaths += changed.status() == Status.DEAD && isOn(subject) ? 1 : 0;
        set(viewer, subject, changed.status().counts());
    }

    /** Whether the node counts that other, in its present life. */
    public boolean counts(SimNode viewer, SimNode subject) {
        return views.get(viewer.index).counted.get(subject.index);
    }

    /** Members that are on which the node does not count, and others that it does. */
    public int wrong(SimNode viewer) {
        return views.get(viewer.index).wrong;
    }

    /** Whether every node that is on counts exactly those of its ring that are. */
    public boolean allRight() {
        return nodes.stream().noneMatch(node -> isOn(node) && wrong(node) > 0);
    }

    /** Share of the nodes that are on whose view is exactly right. */
    public double shareRight() {
        long right =
                nodes.stream().filter(node -> isOn(node) && wrong(node) == 0).count();
        return (double) right / Math.max(1, on.cardinality());
    }

    /** Of all pairs of a node that is on and a member, those that are wrong. */
    public long wrongPairs() {
        return nodes.stream().filter(this::isOn).mapToLong(this::wrong).sum();
    }

    public int on() {
        return on.cardinality();
    }

    /** Suspicions, counted at each node that saw one, of nodes that were on. */
    public long suspicions() {
        return suspicions;
    }

    /** Deaths, counted at each node that saw one, of nodes that were on. */
    public long falseDeaths() {
        return falseDeaths;
    }
}
