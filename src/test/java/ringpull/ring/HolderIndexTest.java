package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.sim.RingSimulation.digest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import ringpull.ring.Holders.Holder;
import ringpull.ring.Membership.Status;

class HolderIndexTest {
    private final MemberTable table = new MemberTable(new Directory());
    private final HolderIndex index = new HolderIndex(table, Directory.NONE);

    private static Member member(int number) {
        return new Member(
                new MemberId(String.format("%032x", number)),
                1,
                "n" + number,
                List.of("10.0.0.1"),
                1,
                2,
                "",
                "",
                List.of());
    }

    private int add(int number) {
        return table.add(member(number), 0, Status.ALIVE, true);
    }

    private static long blob(long number) {
        return Fingerprint.of(digest(number));
    }

    private Set<String> names(long number) {
        Set<String> names = new HashSet<>();
        for (Holder holder : index.holders(digest(number))) {
            assertThat(names.add(holder.member().name())).isTrue();
        }
        return names;
    }

    @Test
    void holdsWhatAPlainMapWould() {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        int[] slots = new int[60];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = index.slotFor(add(i));
        }
        Map<Long, Set<String>> truth = new HashMap<>();
        int postings = 0;
        for (int i = 0; i < 200_000; i++) {
            long number = random.nextInt(2_000);
            int member = random.nextInt(slots.length);
            Set<String> holders = truth.computeIfAbsent(number, n -> new HashSet<>());
            if (random.nextInt(5) < (i < 120_000 ? 4 : 1)) {
                boolean added = holders.add("n" + member);
                assertThat(index.add(slots[member], blob(number), number, 1)).isEqualTo(added);
                postings += added ? 1 : 0;
            } else {
                boolean removed = holders.remove("n" + member);
                assertThat(index.remove(slots[member], blob(number))).isEqualTo(removed);
                postings -= removed ? 1 : 0;
            }
        }
        assertThat(index.size()).isEqualTo(postings);
        for (long number = 0; number < 2_000; number++) {
            assertThat(names(number)).isEqualTo(truth.getOrDefault(number, Set.of()));
        }
    }

    @Test
    void aHolderThatLiesAboutTheSizeDoesNotSpoilTheOthers() {
        int[] slots = {index.slotFor(add(0)), index.slotFor(add(1)), index.slotFor(add(2))};
        index.add(slots[0], blob(9), 5L << 32, 1);
        index.add(slots[1], blob(9), 6, 1);
        index.add(slots[2], blob(9), 5L << 32, 1);
        assertThat(index.holders(digest(9))).extracting(Holder::sizeBytes).containsExactly(5L << 32, 6L, 5L << 32);
        assertThat(index.sizeAt(slots[1], blob(9))).isEqualTo(6);
        index.remove(slots[1], blob(9));
        index.add(slots[1], blob(9), 5L << 32, 2);
        assertThat(index.holders(digest(9))).extracting(Holder::sizeBytes).containsOnly(5L << 32);
    }

    @Test
    void whoDiesIsNoHolderAtOnceAndIsSweptOut() {
        int first = add(1);
        int second = add(2);
        int slot = index.slotFor(first);
        int other = index.slotFor(second);
        for (int i = 0; i < 500; i++) {
            index.add(slot, blob(i), 7, 1);
            index.add(other, blob(i), 7, 1);
        }
        table.set(first, member(1), 0, Status.SUSPECT, true);
        assertThat(names(3)).containsExactlyInAnyOrder("n1", "n2");
        table.set(first, member(1), 0, Status.DEAD, true);
        assertThat(names(3)).containsExactly("n2");
        table.set(first, member(1), 1, Status.ALIVE, true);
        index.retire(slot, 0);
        assertThat(names(3)).as("its next life holds nothing yet").containsExactly("n2");
        assertThat(index.size()).isEqualTo(1_000);
        int again = index.slotFor(first);
        assertThat(again).as("not while old postings name it").isNotEqualTo(slot);
        index.add(again, blob(3), 7, 1);
        long now = 0;
        while (index.wakeAt() != Time.NEVER) {
            now = index.wakeAt();
            index.sweep(now);
        }
        assertThat(now).isLessThan(20 * Time.SECONDS);
        assertThat(index.size()).isEqualTo(501);
        assertThat(names(3)).containsExactlyInAnyOrder("n1", "n2");
        assertThat(index.slotFor(second)).isEqualTo(slot);
    }

    @Test
    void readersSeeEachBlobWholeWhileItIsWritten() throws InterruptedException, ExecutionException {
        int[] slots = new int[30];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = index.slotFor(add(i));
        }
        index.add(slots[0], blob(0), 1, 1);
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<Integer>> readers = new ArrayList<>();
            for (int reader = 0; reader < 2; reader++) {
                readers.add(threads.submit(() -> {
                    int reads = 0;
                    while (!done.get() || reads < 1_000) {
                        assertThat(names(0)).contains("n0");
                        names(reads % 50);
                        reads++;
                    }
                    return reads;
                }));
            }
            RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(3);
            for (int i = 0; i < 300_000; i++) {
                int slot = slots[1 + random.nextInt(slots.length - 1)];
                long number = random.nextInt(50);
                if (random.nextBoolean()) {
                    index.add(slot, blob(number), number, 1);
                } else {
                    index.remove(slot, blob(number));
                }
            }
            done.set(true);
            for (Future<Integer> reader : readers) {
                assertThat(reader.get()).isPositive();
            }
        }
    }
}
