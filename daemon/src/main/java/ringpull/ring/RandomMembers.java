package ringpull.ring;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;

/** Members chosen at random. */
final class RandomMembers {
    private static final int TRIES = 30;

    private final MemberTable table;
    private final RandomGenerator random;

    RandomMembers(MemberTable table, RandomGenerator random) {
        this.table = table;
        this.random = random;
    }

    /** A live one; {@link Directory#NONE} if there are none. */
    int any() {
        int count = table.liveCount();
        return count == 0 ? Directory.NONE : table.live(random.nextInt(count));
    }

    /** A random number from 0. */
    int below(int bound) {
        return random.nextInt(bound);
    }

    /** Random live members that satisfy the condition; perhaps fewer. */
    List<Integer> pick(int most, IntPredicate condition) {
        List<Integer> picked = new ArrayList<>();
        int count = table.liveCount();
        if (count <= TRIES) {
            int start = count == 0 ? 0 : random.nextInt(count);
            for (int i = 0; i < count; i++) {
                int member = table.live((start + i) % count);
                if (condition.test(member)) {
                    picked.add(member);
                }
            }
            shuffle(picked);
            return picked.size() <= most ? picked : picked.subList(0, most);
        }
        for (int i = 0; i < TRIES && picked.size() < most; i++) {
            int member = table.live(random.nextInt(count));
            if (condition.test(member) && !picked.contains(member)) {
                picked.add(member);
            }
        }
        return picked;
    }

    /**
     * A random one of the dead, in case it is only out of reach, or of those who left, in case it came back and no seed is
     * there to let it in; {@link Directory#NONE} if nobody is gone.
     */
    int anyGone() {
        int start = random.nextInt(table.capacity());
        for (int i = 0; i < table.capacity(); i++) {
            int member = (start + i) % table.capacity();
            if (table.isKnown(member) && !table.counts(member)) {
                return member;
            }
        }
        return Directory.NONE;
    }

    private void shuffle(List<Integer> list) {
        for (int i = list.size() - 1; i > 0; i--) {
            Collections.swap(list, i, random.nextInt(i + 1));
        }
    }
}
