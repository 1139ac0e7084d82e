package ringpull.ring;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * The few members that this node watches and talks to for long, so that a probe is not a handshake: those that follow it in
 * {@value #ORDERS} orders of all members, each shuffled by a seed that all nodes share (the observers of Rapid: Suresh et
 * al. 2018). Each member follows somebody in each order, so nobody is unwatched. Some orders are of the own rack and zone.
 */
final class Neighbours {
    static final int ORDERS = 16;

    /** Orders of all members; then as many of the own zone as of the own rack. */
    private static final int GLOBAL = 8;

    private static final int ZONE = 4;

    private final MemberTable table;
    private final Member self;
    private final RandomGenerator random;
    private final int[] successors = new int[ORDERS];
    private final long[] distances = new long[ORDERS];
    private final long[] places = new long[ORDERS];
    private char[] different = {};
    private int nextProbed;
    private boolean stale;

    Neighbours(MemberTable table, Member self, RandomGenerator random) {
        this.table = table;
        this.self = self;
        this.random = random;
        long key = Fingerprint.of(self.id());
        Arrays.setAll(places, order -> place(order, key));
        Arrays.fill(successors, Directory.NONE);
    }

    /** The member counts from now on. */
    void entered(int member) {
        for (int order = 0; order < ORDERS; order++) {
            if (isIn(order, member)) {
                offer(order, member);
            }
        }
    }

    private void offer(int order, int member) {
        long distance = place(order, table.key(member)) - places[order];
        if (successors[order] == Directory.NONE || Long.compareUnsigned(distance, distances[order]) < 0) {
            successors[order] = member;
            distances[order] = distance;
            stale = true;
        }
    }

    /** The member does not count any more. */
    void left(int member) {
        for (int order = 0; order < ORDERS; order++) {
            if (successors[order] == member) {
                successors[order] = Directory.NONE;
                stale = true;
                for (int i = 0; i < table.liveCount(); i++) {
                    if (isIn(order, table.live(i))) {
                        offer(order, table.live(i));
                    }
                }
            }
        }
    }

    private boolean isIn(int order, int member) {
        if (order < GLOBAL || (self.zone().isEmpty() && self.rack().isEmpty())) {
            return true;
        }
        Member other = table.member(member);
        boolean sameZone = other.zone().equals(self.zone());
        return order < GLOBAL + ZONE ? sameZone : sameZone && other.rack().equals(self.rack());
    }

    /** Where a member is in an order that goes round. */
    private static long place(int order, long key) {
        return Fingerprint.mix(key ^ Long.rotateLeft(0x5851f42d4c957f2dL, 3 * order));
    }

    private void refresh() {
        if (stale) {
            stale = false;
            char[] all = new char[ORDERS];
            int count = 0;
            for (int member : successors) {
                if (member != Directory.NONE && isNew(all, count, member)) {
                    all[count++] = (char) member;
                }
            }
            different = Arrays.copyOf(all, count);
            for (int i = count - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                char swapped = different[i];
                different[i] = different[j];
                different[j] = swapped;
            }
        }
    }

    private static boolean isNew(char[] all, int count, int member) {
        for (int i = 0; i < count; i++) {
            if (all[i] == member) {
                return false;
            }
        }
        return true;
    }

    int count() {
        refresh();
        return different.length;
    }

    /** One of them, from 0. */
    int at(int index) {
        return different[index];
    }

    boolean contains(int member) {
        for (int successor : successors) {
            if (successor == member) {
                return true;
            }
        }
        return false;
    }

    /** One after another, over and over; {@link Directory#NONE} if there are none. */
    int nextToProbe() {
        int count = count();
        if (count == 0) {
            return Directory.NONE;
        }
        nextProbed = (nextProbed + 1) % count;
        return different[nextProbed];
    }

    /** Any of them; {@link Directory#NONE} if there are none. */
    int any() {
        return count() == 0 ? Directory.NONE : different[random.nextInt(different.length)];
    }
}
