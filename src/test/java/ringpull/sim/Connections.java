package ringpull.sim;

import java.util.LinkedHashMap;
import ringpull.ring.wire.WireLimits;

/** A node's open connections to others, as the daemon keeps them: those used last. */
final class Connections {
    private static final long IDLE_NANOS = WireLimits.IDLE_MINUTES * 60 * RingSimulation.SECOND;

    /** By least recent use: node to the life of it that was dialled, and the time of last use. */
    private final LinkedHashMap<Integer, Open> open = new LinkedHashMap<>(16, 0.75f, true);

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

    void open(SimNode to, long now) {
        Open channel = new Open(to.life());
        channel.used = now;
        open.put(to.index, channel);
        if (open.size() > WireLimits.CONNECTIONS) {
            open.pollFirstEntry();
        }
    }

    /** A call on it failed: the next one dials anew. */
    void discard(SimNode to) {
        open.remove(to.index);
    }

    void clear() {
        open.clear();
    }
}
