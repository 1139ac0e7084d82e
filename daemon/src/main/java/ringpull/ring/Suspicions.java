package ringpull.ring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The suspects and their time to refute: Lifeguard's suspicion, which starts at a maximum and falls towards a minimum as
 * members that are independent of each other say the same. Written by the ring's own thread; accusers are read by any.
 */
final class Suspicions {
    /** Least time between suspicion and death in a small ring; and with ten times as many members, because news travel. */
    static final long LEAST = 4 * Time.SECONDS;

    static final long PER_DECADE = 3_000 * Time.MILLIS;

    /** With a single accuser it takes so many times as long. */
    static final int MOST = 6;

    /** Accusers beside the first that bring it down to the least time. */
    static final int CONFIRMATIONS = 3;

    /**
     * With more suspects than this, and than one member in {@value #SHARE}, a power failure is likelier than so many errors, and
     * the news of accusers are late: then members count that called the suspect for this node, and had no answer.
     */
    static final int MANY = 32;

    static final int SHARE = 16;

    private static final long AGAIN = 250 * Time.MILLIS;

    private static final char NOBODY = Character.MAX_VALUE;

    private volatile @Nullable Suspicion[] byOrdinal = {};
    private char[] suspects = {};
    private int count;
    private long wakeAt = Time.NEVER;

    private static final class Suspicion {
        private final long started;
        /** {@link Limits#ACCUSERS} numbers of members. */
        private volatile long accusers = -1;

        private int trusted;
        private int inVain;
        private int slot;

        private Suspicion(long started, int slot) {
            this.started = started;
            this.slot = slot;
        }

        private char accuser(int index) {
            return (char) (accusers >>> (index * Character.SIZE));
        }
    }

    void start(int subject, long now) {
        if (subject >= byOrdinal.length) {
            byOrdinal = Arrays.copyOf(byOrdinal, subject + subject / 8 + 16);
        }
        Suspicion before = byOrdinal[subject];
        int slot = before == null ? count : before.slot;
        if (before == null) {
            if (count == suspects.length) {
                suspects = Arrays.copyOf(suspects, count + count / 2 + 8);
            }
            suspects[count++] = (char) subject;
        }
        byOrdinal[subject] = new Suspicion(now, slot);
        wakeAt = Math.min(wakeAt, now + LEAST);
    }

    /** Whether the accuser is new, and there is room for one more. */
    boolean accuse(int subject, int accuser, boolean trusted) {
        Suspicion suspicion = get(subject);
        if (suspicion == null || accuser == subject) {
            return false;
        }
        for (int i = 0; i < Limits.ACCUSERS; i++) {
            char known = suspicion.accuser(i);
            if (known == accuser) {
                return false;
            }
            if (known == NOBODY) {
                long mask = 0xffffL << (i * Character.SIZE);
                suspicion.accusers = (suspicion.accusers & ~mask) | ((long) accuser << (i * Character.SIZE));
                suspicion.trusted += trusted ? 1 : 0;
                wakeAt = Math.min(wakeAt, suspicion.started + LEAST);
                return true;
            }
        }
        return false;
    }

    /** So many members called the suspect on behalf of this node, which accuses it, and had no answer. */
    void calledInVain(int subject, int helpers) {
        Suspicion suspicion = get(subject);
        if (suspicion != null) {
            suspicion.inVain = helpers;
        }
    }

    void end(int subject) {
        Suspicion ended = get(subject);
        if (ended == null) {
            return;
        }
        char last = suspects[--count];
        suspects[ended.slot] = last;
        Suspicion moved = get(last);
        if (moved != null) {
            moved.slot = ended.slot;
        }
        byOrdinal[subject] = null;
        if (count == 0) {
            byOrdinal = new Suspicion[0];
            suspects = new char[0];
            wakeAt = Time.NEVER;
        }
    }

    /** Numbers of the members that accuse it, the first one first. For any thread. */
    List<Integer> accusers(int subject) {
        Suspicion suspicion = get(subject);
        List<Integer> accusers = new ArrayList<>();
        for (int i = 0; suspicion != null && i < Limits.ACCUSERS; i++) {
            if (suspicion.accuser(i) != NOBODY) {
                accusers.add((int) suspicion.accuser(i));
            }
        }
        return accusers;
    }

    private @Nullable Suspicion get(int subject) {
        @Nullable Suspicion[] all = byOrdinal;
        return subject < all.length ? all[subject] : null;
    }

    /** How long it is suspected; zero if it is not. */
    long age(int subject, long now) {
        Suspicion suspicion = get(subject);
        return suspicion == null ? 0 : now - suspicion.started;
    }

    /** Members that can accuse one suspect, in a ring where so many others are live. */
    private static int confirmationsIn(int live) {
        return Math.clamp(live - 1L, 0, CONFIRMATIONS);
    }

    /** What a suspect has to refute in, with so many accusers in a ring where so many others are live. */
    static long timeout(int accusers, int live) {
        double least = Math.max(LEAST, PER_DECADE * Math.log10(live + 1.0));
        int needed = confirmationsIn(live);
        int confirmations = Math.clamp(accusers - 1L, 0, needed);
        double fallen = needed == 0 ? 1 : Math.log(confirmations + 1.0) / Math.log(needed + 1.0);
        return (long) (least * (MOST - (MOST - 1) * fallen));
    }

    long wakeAt() {
        return wakeAt;
    }

    /** Suspects whose time is over; they are to be ended. */
    List<Integer> expired(long now, int live) {
        if (now < wakeAt) {
            return List.of();
        }
        List<Integer> expired = new ArrayList<>();
        boolean many = count > Math.max(MANY, live / SHARE);
        wakeAt = Time.NEVER;
        for (int i = 0; i < count; i++) {
            Suspicion suspicion = get(suspects[i]);
            if (suspicion != null) {
                long soonest = suspicion.started + timeout(suspicion.trusted + suspicion.inVain, live);
                long until = many ? soonest : suspicion.started + timeout(suspicion.trusted, live);
                if (now >= until) {
                    expired.add((int) suspects[i]);
                } else {
                    wakeAt = Math.min(wakeAt, Math.min(until, Math.max(soonest, now + AGAIN)));
                }
            }
        }
        return expired;
    }
}
