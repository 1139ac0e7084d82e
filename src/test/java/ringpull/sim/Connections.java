package ringpull.sim;

import java.util.BitSet;
import java.util.LinkedHashMap;

/** A node's open connections to others, as the daemon keeps them: those used last. */
final class Connections {
    /** As many as {@code ringpull.ring.wire.Channels} keeps. */
    private static final int KEPT = 128;

    private static final long IDLE_NANOS = 300 * RingSimulation.SECOND;

    /** By least recent use: node to the life of it that was dialled, and the time of last use. */
    private final LinkedHashMap<Integer, Open> open = new LinkedHashMap<>(16, 0.75f, true);

    /** Nodes whose session tickets this one has. */
    private final BitSet tickets = new BitSet();

    private static final class Open {
        private final int life;
        private long used;

        private Open(int life) {
            this.life = life;
        }
    }

    /** Whether there is a connection to this life of the node; if so, it is used. */
    boolean use(SimNode to, long now) {
        Open channel = open.get(to.index);
        if (channel == null || channel.life != to.life() || now - channel.used > IDLE_NANOS) {
            return false;
        }
        channel.used = now;
        return true;
    }

    /** A new connection; true if its handshake is a resumed one. */
    boolean open(SimNode to, long now) {
        Open before = open.get(to.index);
        boolean sameLife = before == null || before.life == to.life();
        Open channel = new Open(to.life());
        channel.used = now;
        open.put(to.index, channel);
        if (open.size() > KEPT) {
            open.pollFirstEntry();
        }
        boolean resumed = tickets.get(to.index) && sameLife;
        tickets.set(to.index);
        return resumed;
    }

    /** A call on it failed: the next one dials anew. */
    void discard(SimNode to) {
        open.remove(to.index);
    }

    /** The node started anew: it does not know its old tickets. */
    void forget(SimNode restarted) {
        tickets.clear(restarted.index);
    }

    void clear() {
        open.clear();
        tickets.clear();
    }
}
