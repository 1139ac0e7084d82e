package ringpull.ring;

import java.util.random.RandomGenerator;

/**
 * Members that were talked to lately, for a node that is joining: its neighbours change with each member that it learns
 * of, and each new one would cost a handshake. So it asks, tells and probes these.
 */
final class Contacts {
    static final int KEPT = 4;

    /** Once it has joined it still tells news to them for so long, while it meets its neighbours one after another. */
    static final long LINGER = 10 * Time.SECONDS;

    private final int[] met = new int[KEPT];
    private final boolean[] busy = new boolean[KEPT];
    private final RandomGenerator random;
    private int count;
    private boolean over;
    private long lingersUntil;

    Contacts(RandomGenerator random) {
        this.random = random;
    }

    /** It answered; perhaps that it is too busy to give anything: then another is to be asked next time. */
    void met(int member, boolean isBusy) {
        int slot = 0;
        while (slot < Math.min(count, KEPT) && met[slot] != member) {
            slot++;
        }
        if (slot == Math.min(count, KEPT)) {
            slot = count % KEPT;
            met[slot] = member;
            count++;
        }
        busy[slot] = isBusy;
    }

    /** This node has joined, and keeps to its neighbours. */
    void end(long now) {
        if (!over) {
            over = true;
            lingersUntil = now + LINGER;
        }
    }

    /** Whether this node is not a full member yet. */
    boolean joins() {
        return !over;
    }

    /** One to tell news to; {@link Directory#NONE} if it is a neighbour's turn. */
    int toTell(long now) {
        return over && now >= lingersUntil ? Directory.NONE : anyKept();
    }

    private int anyKept() {
        return count == 0 ? Directory.NONE : met[random.nextInt(Math.min(count, KEPT))];
    }

    /** One of the last; {@link Directory#NONE} if there are none, or the node has joined. */
    int any() {
        return over ? Directory.NONE : anyKept();
    }

    /** Whether there are as many as are kept. */
    boolean areMany() {
        return count >= KEPT;
    }

    /** One that may have time; {@link Directory#NONE} unless there are many, and one that is not busy. */
    int free() {
        if (over || !areMany()) {
            return Directory.NONE;
        }
        int start = random.nextInt(KEPT);
        for (int i = 0; i < KEPT; i++) {
            int slot = (start + i) % KEPT;
            if (!busy[slot]) {
                return met[slot];
            }
        }
        return Directory.NONE;
    }
}
