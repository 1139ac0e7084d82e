package ringpull.sim;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What happens in one run, drawn from its seed.
 *
 * @param size nodes
 * @param storm all start at once through one seed; else over some seconds, through several
 * @param strangers every third node is of another ring, with the same seeds
 * @param blobs that each node holds at first
 */
record FaultPlan(long seed, int size, boolean storm, boolean strangers, int blobs, List<Fault> faults) {
    /** Seconds in which faults begin and end. */
    static final double TROUBLE = 40;

    private static final double FOR_GOOD = 10_000;

    /** One in so many runs has the most nodes. */
    private static final int LARGE = 100;

    static final int MOST_NODES = 200;

    FaultPlan {
        faults = faults.stream().sorted(Comparator.comparingDouble(Fault::at)).toList();
    }

    static FaultPlan draw(long seed) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(~seed);
        int size = size(seed, random);
        boolean mild = random.nextBoolean();
        List<Fault> faults = new ArrayList<>();
        for (int left = 1 + random.nextInt(6); left > 0; left--) {
            faults.add(mild || random.nextInt(3) == 0 ? mild(random, size) : harsh(random, size));
        }
        return new FaultPlan(
                seed, size, random.nextInt(3) == 0, size >= 6 && random.nextInt(8) == 0, random.nextInt(6), faults);
    }

    private static int size(long seed, RandomGenerator random) {
        if (seed % LARGE == 0) {
            return MOST_NODES;
        }
        int dice = random.nextInt(100);
        return dice < 65 ? 3 + random.nextInt(10) : dice < 95 ? 13 + random.nextInt(18) : 31 + random.nextInt(50);
    }

    private static Fault mild(RandomGenerator random, int size) {
        double at = random.nextDouble(TROUBLE - 10);
        double seconds = 1 + random.nextDouble(TROUBLE - at - 1);
        int node = random.nextInt(size);
        return switch (random.nextInt(7)) {
            case 0 -> new Fault.Loss(at, seconds, random.nextBoolean() ? Fault.Loss.MILD : 0.02);
            case 1 -> new Fault.Slow(at, seconds, 0.05 + random.nextDouble(0.5));
            case 2 -> new Fault.Pause(at, 0.1 + random.nextDouble(Fault.Pause.MILD - 0.1), node);
            case 3 -> new Fault.Leave(at, Math.max(2, seconds), node);
            case 4 -> new Fault.Leap(at, Math.pow(10, random.nextDouble(5)), node);
            default -> {
                long step = random.nextInt(4) == 0 ? -1 - random.nextInt(500) : 1 + random.nextInt(100_000);
                double down = switch (random.nextInt(3)) {
                    case 0 -> 0.2 + random.nextDouble(3);
                    case 1 -> FOR_GOOD;
                    default -> seconds;
                };
                yield new Fault.Crash(at, down, node, random.nextBoolean(), step);
            }
        };
    }

    private static Fault harsh(RandomGenerator random, int size) {
        double at = random.nextDouble(TROUBLE - 10);
        double seconds = 1 + random.nextDouble(TROUBLE - at - 1);
        int node = random.nextInt(size);
        return switch (random.nextInt(5)) {
            case 0 -> new Fault.Loss(at, seconds, 0.3);
            case 1 -> {
                int count = 2 + random.nextInt(2);
                List<Integer> island =
                        Stream.generate(() -> random.nextInt(count)).limit(size).toList();
                yield new Fault.Islands(at, seconds, island);
            }
            case 2 -> new Fault.OneWay(at, seconds, node, random.nextBoolean());
            case 3 -> new Fault.Clog(at, seconds, node, 1_000 * Math.pow(10, random.nextDouble(2)));
            default -> new Fault.Pause(at, seconds, node);
        };
    }

    boolean mild() {
        return faults.stream().allMatch(Fault::mild);
    }

    /** Whether members may lose sight of each other who both run, so that it takes longer to find together. */
    boolean parts() {
        return !mild();
    }

    /** Whether who starts again finds the others: else there are rings of one, and each fetches for itself. */
    boolean aSeedStays() {
        int seeds = storm && !strangers ? 1 : 3;
        long staying = IntStream.range(0, seeds)
                .filter(seed -> faults.stream().noneMatch(fault -> stops(fault, seed)))
                .count();
        return strangers ? staying == seeds : staying > 0;
    }

    /** Whether those who know the others and those who forgot them can meet at all: over a seed, or one who ran throughout. */
    boolean canMeet() {
        return IntStream.range(0, strangers ? 2 : 1)
                .allMatch(ring -> IntStream.range(0, size)
                        .filter(node -> !strangers || (node % 3 == 1) == (ring == 1))
                        .anyMatch(node -> faults.stream().noneMatch(fault -> stops(fault, node))
                                || (node < (storm && !strangers ? 1 : 3)
                                        && faults.stream().noneMatch(fault -> stopsForGood(fault, node)))));
    }

    private static boolean stopsForGood(Fault fault, int node) {
        return fault instanceof Fault.Crash crash && crash.node() == node && crash.seconds() == FOR_GOOD;
    }

    private static boolean stops(Fault fault, int node) {
        return (fault instanceof Fault.Crash crash && crash.node() == node)
                || (fault instanceof Fault.Leave leave && leave.node() == node);
    }

    void schedule(RingSimulation simulation) {
        long now = simulation.now();
        for (Fault fault : faults) {
            simulation.at(now + nanos(fault.at()), () -> fault.begin(simulation));
            simulation.at(now + nanos(fault.at() + fault.seconds()), () -> fault.end(simulation));
        }
    }

    static long nanos(double seconds) {
        return (long) (seconds * RingSimulation.SECOND);
    }
}
