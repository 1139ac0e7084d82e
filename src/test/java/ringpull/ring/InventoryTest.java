package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.ring.RingSimulation.digest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.ring.Membership.Status;

/** One writer, many copies that learn from each other, in pages, late, twice and in any order. */
class InventoryTest {
    private static final double SCALE = Double.parseDouble(System.getenv().getOrDefault("RINGPULL_TEST_SCALE", "1.0"));
    private static final Rumor OWNER = new Rumor(
            new Member(new MemberId("0".repeat(32)), 1, "n", List.of("10.0.0.1"), 1, 2, "", "", List.of()),
            0,
            Status.ALIVE);

    /** A copy, and the set that its listener was told of. */
    private static final class Copy implements Inventory.Listener {
        private final Inventory inventory = new Inventory(8);
        private final Map<Digest, Long> told = new LinkedHashMap<>();

        @Override
        public boolean added(Change change) {
            assertThat(told.put(change.digest(), change.sizeBytes())).isNull();
            return true;
        }

        @Override
        public void removed(Digest digest) {
            assertThat(told.remove(digest)).isNotNull();
        }
    }

    @Test
    void copiesConvergeWhateverHappensOnTheWay() {
        for (long seed = 1; seed <= Math.round(2_000 * SCALE); seed++) {
            RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            Inventory own = new Inventory(8);
            Map<Digest, Long> truth = new LinkedHashMap<>();
            List<Copy> copies = List.of(new Copy(), new Copy(), new Copy(), new Copy());
            List<Delta> late = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                change(own, truth, random);
                Copy copy = copies.get(random.nextInt(4));
                Inventory source = random.nextInt(3) == 0 ? own : copies.get(random.nextInt(4)).inventory;
                if (source.newerThan(copy.inventory.version(), copy.inventory.base())) {
                    late.add(source.since(
                            OWNER, copy.inventory.version(), copy.inventory.base(), 1 + random.nextInt(6)));
                }
                if (!late.isEmpty() && random.nextInt(3) > 0) {
                    Copy any = copies.get(random.nextInt(4));
                    any.inventory.apply(late.get(random.nextInt(late.size())), any);
                }
            }
            settle(own, copies);
            for (Copy copy : copies) {
                assertThat(copy.told).as("seed %s", seed).isEqualTo(truth);
                assertThat(copy.inventory.held()).isEqualTo(truth.size());
            }
        }
    }

    private static void change(Inventory own, Map<Digest, Long> truth, RandomGenerator random) {
        Digest digest = digest(random.nextInt(15));
        if (random.nextBoolean()) {
            long size = random.nextInt(3);
            own.hold(digest, size);
            truth.put(digest, size);
        } else {
            own.drop(digest);
            truth.remove(digest);
        }
    }

    /** The copies ask each other and the owner until nobody has anything new. */
    private static void settle(Inventory own, List<Copy> copies) {
        for (int round = 0; round < 100; round++) {
            for (Copy copy : copies) {
                for (Copy other : copies) {
                    learn(copy, other.inventory);
                }
                learn(copy, own);
            }
        }
    }

    private static void learn(Copy copy, Inventory source) {
        if (source.newerThan(copy.inventory.version(), copy.inventory.base())) {
            Delta delta = source.since(OWNER, copy.inventory.version(), copy.inventory.base(), 4);
            copy.inventory.apply(delta, copy);
        }
    }
}
