package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.sim.RingSimulation.digest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.ring.Membership.Status;

/** One writer, many copies that learn from each other, changes or the whole in parts, late, twice and in any order. */
class InventoryTest {
    private static final double SCALE = Double.parseDouble(System.getenv().getOrDefault("RINGPULL_TEST_SCALE", "1.0"));
    private static final int DIGESTS = 40;
    private static final Rumor OWNER = new Rumor(
            new Member(new MemberId("0".repeat(32)), 1, "n", List.of("10.0.0.1"), 1, 2, "", "", List.of()),
            0,
            Status.ALIVE);

    /** A node that knows one other, the owner of the inventory. */
    private static final class Copy {
        private final MemberTable table = new MemberTable(new Directory());
        private final int owner = table.add(OWNER.member(), 0, Status.ALIVE, true);
        private final HolderIndex index = new HolderIndex(table, Directory.NONE);
        private final Inventory inventory = new Inventory(8);

        private Map<Digest, Long> held() {
            Map<Digest, Long> held = new LinkedHashMap<>();
            for (int i = 0; i < DIGESTS; i++) {
                Digest digest = digest(i);
                index.holders(digest).forEach(holder -> held.put(digest, holder.sizeBytes()));
            }
            return held;
        }

        /** What a node lacks that is at this state: changes, or a part of the whole. */
        private Delta lackedBy(Copy other, RandomGenerator random) {
            Inventory theirs = other.inventory;
            if (theirs.nextSegment() == 0 && inventory.remembers(theirs.version())) {
                return inventory.since(OWNER, index, theirs.version(), 1 + random.nextInt(6));
            }
            int first = theirs.nextSegment();
            int end = Math.min(Delta.SEGMENTS, first + 1 + random.nextInt(Delta.SEGMENTS / 2));
            List<Change> blobs = new ArrayList<>();
            for (int segment = first; segment < end; segment++) {
                index.visit(segment, (blob, bytes, slot) -> blobs.add(new Change(0, blob, bytes)));
            }
            return new Delta(OWNER.id(), OWNER.epoch(), 0, inventory.version(), blobs, first, end);
        }

        private void apply(Delta delta) {
            inventory.apply(delta, index, owner);
        }
    }

    @Test
    void copiesConvergeWhateverHappensOnTheWay() {
        for (long seed = 1; seed <= Math.round(1_000 * SCALE); seed++) {
            RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            Copy own = new Copy();
            Map<Digest, Long> truth = new LinkedHashMap<>();
            List<Copy> copies = List.of(new Copy(), new Copy(), new Copy(), new Copy());
            List<Delta> late = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                if (i < 200) {
                    change(own, truth, random);
                }
                Copy copy = copies.get(random.nextInt(4));
                Copy source = random.nextInt(3) == 0 ? own : copies.get(random.nextInt(4));
                if (source.inventory.version() > copy.inventory.version()) {
                    late.add(source.lackedBy(copy, random));
                }
                if (!late.isEmpty() && random.nextInt(3) > 0) {
                    copies.get(random.nextInt(4)).apply(late.get(random.nextInt(late.size())));
                }
            }
            settle(own, copies, random);
            for (Copy copy : copies) {
                assertThat(copy.held()).as("seed %s", seed).isEqualTo(truth);
                assertThat(copy.inventory.held()).as("seed %s", seed).isEqualTo(truth.size());
                assertThat(copy.index.size()).as("seed %s", seed).isEqualTo(truth.size());
            }
        }
    }

    private static void change(Copy own, Map<Digest, Long> truth, RandomGenerator random) {
        Digest digest = digest(random.nextInt(DIGESTS));
        if (random.nextBoolean()) {
            long size = random.nextInt(3) == 0 ? 1L << 40 : random.nextInt(3);
            own.inventory.hold(own.index, own.owner, Fingerprint.of(digest), size);
            truth.put(digest, size);
        } else {
            own.inventory.drop(own.index, Fingerprint.of(digest));
            truth.remove(digest);
        }
    }

    /** The copies ask each other and the owner until nobody has anything new. */
    private static void settle(Copy own, List<Copy> copies, RandomGenerator random) {
        for (int round = 0; round < 100; round++) {
            for (Copy copy : copies) {
                for (Copy other : copies) {
                    learn(copy, other, random);
                }
                learn(copy, own, random);
            }
        }
    }

    private static void learn(Copy copy, Copy source, RandomGenerator random) {
        if (source.inventory.version() > copy.inventory.version()) {
            copy.apply(source.lackedBy(copy, random));
        }
    }
}
