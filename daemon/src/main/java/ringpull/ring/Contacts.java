package ringpull.ring;

import java.util.random.RandomGenerator;

/**
 * Members that were talked to lately, for a node that is joining: its neighbours change with each member that it learns
 * of, and each new one would cost a handshake. So it asks, tells and probes these.
 */
final class Contacts {
    static final int KEPT = 4;

    private final int[] met = new int[KEPT];
    private final RandomGenerator random;
    private int count;
    private boolean over;

    Contacts(RandomGenerator random) {
        this.random = random;
    }

    void met(int member) {
        met[count % KEPT] = member;
        count++;
    }

    /** Whether there are as many as are kept. */
    boolean areEnough() {
        return count >= KEPT;
    }

    /** This node has joined, and keeps to its neighbours. */
    void end() {
        over = true;
    }

    /** One of the last; {@link Directory#NONE} if there are none, or the node has joined. */
    int any() {
        return over || count == 0 ? Directory.NONE : met[random.nextInt(Math.min(count, KEPT))];
    }
}
