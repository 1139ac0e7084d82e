package ringpull.ring;

import java.util.random.RandomGenerator;

/**
 * Members that were talked to lately, for a node that is joining: its neighbours change with each member that it learns
 * of, and each new one would cost a handshake.
 */
final class Contacts {
    static final int KEPT = 6;

    private final int[] met = new int[KEPT];
    private final RandomGenerator random;
    private int count;

    Contacts(RandomGenerator random) {
        this.random = random;
    }

    void met(int member) {
        met[count % KEPT] = member;
        count++;
    }

    /** One of the last; {@link Directory#NONE} while there are few. */
    int any() {
        return count < KEPT ? Directory.NONE : met[random.nextInt(KEPT)];
    }
}
