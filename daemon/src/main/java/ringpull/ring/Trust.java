package ringpull.ring;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How much the accusations of a member are worth. One that accuses many, and above all one whose suspects refute it, has
 * likely lost its own network: its word then speeds no suspicion up.
 */
final class Trust {
    /** Demerits from which on a member is not believed. */
    static final int DEMERITS = 24;

    private static final int REFUTED = 4;
    private static final long HALVED_EVERY = 10 * Time.SECONDS;

    private byte @Nullable [] demerits;
    private long due = Time.NEVER;

    /** A member accused one more. */
    void accused(int accuser, long now) {
        add(accuser, 1, now);
    }

    /** A member that it accused has refuted it. */
    void refuted(int accuser, long now) {
        add(accuser, REFUTED, now);
    }

    boolean believes(int accuser) {
        return demerits == null || accuser >= demerits.length || demerits[accuser] < DEMERITS;
    }

    private void add(int accuser, int more, long now) {
        byte[] all = demerits == null ? new byte[accuser + 16] : demerits;
        if (accuser >= all.length) {
            all = Arrays.copyOf(all, accuser + accuser / 8 + 16);
        }
        all[accuser] = (byte) Math.min(Byte.MAX_VALUE, all[accuser] + more);
        demerits = all;
        due = Math.min(due, now + HALVED_EVERY);
    }

    long wakeAt() {
        return due;
    }

    void tick(long now) {
        byte[] all = demerits;
        if (now < due || all == null) {
            return;
        }
        boolean any = false;
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) (all[i] / 2);
            any |= all[i] != 0;
        }
        due = any ? now + HALVED_EVERY : Time.NEVER;
        demerits = any ? all : null;
    }
}
