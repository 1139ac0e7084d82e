package ringpull.swarm.sim;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Effect;
import ringpull.swarm.Event;
import ringpull.swarm.Message;
import ringpull.swarm.Ranking;
import ringpull.swarm.Swarm;

/**
 * A swarm of the shipping classes in virtual time. Links carry one chunk after the other, so that what is asked of a busy
 * node waits; the origin shares its link among its streams. The same scenario gives the same trace.
 */
public final class SwarmSimulation {
    public static final long SECOND = 1_000_000_000L;
    static final long MILLI = 1_000_000L;
    static final long TICK = 20 * MILLI;

    /** Bytes of a puller's id, source, counters and contacts, and of a lease. */
    private static final int STATE_FIXED = 160;

    private static final int STATE_LEASE = 32;

    /** How long the ring takes to find a death. */
    private static final long DETECTION = 8 * SECOND;

    private final Scenario scenario;
    final Digest digest;
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final Map<MemberId, SimulatedNode> byId = new HashMap<>();
    private final Map<Digest, List<SimulatedNode>> orders = new HashMap<>();
    private final PriorityQueue<Planned> plan = new PriorityQueue<>();
    private final RandomGenerator random;
    private final SimulatedOrigin origin;
    private final RackLinks links;
    private final Set<MemberId> gone = new HashSet<>();

    private long now;
    private long order;
    private int done;
    private int pending;
    private int stateBytes;
    private long trace = 17;
    private boolean traced;
    private boolean resets = true;
    private BiPredicate<SimulatedNode, SimulatedNode> cut = (from, to) -> false;
    private BiPredicate<SimulatedNode, SimulatedNode> believesDead = (viewer, member) -> false;

    private record Planned(long time, long order, Runnable task) implements Comparable<Planned> {
        @Override
        public int compareTo(Planned other) {
            return time == other.time ? Long.compare(order, other.order) : Long.compare(time, other.time);
        }
    }

    public SwarmSimulation(Scenario scenario) {
        this.scenario = scenario;
        this.random = random(scenario.seed());
        this.digest = Digest.parse(String.format("sha256:%064x", scenario.seed() * 7919 + 13));
        this.origin = new SimulatedOrigin(this);
        this.links = new RackLinks(this);
        for (int i = 0; i < scenario.nodes(); i++) {
            MemberId id = MemberId.random(random);
            String rack = scenario.racks() == 0 ? "" : "rack" + i % scenario.racks();
            SimulatedNode node =
                    new SimulatedNode(this, i, id, rack, new Swarm(id, new View(i), random(random.nextLong())));
            nodes.add(node);
            byId.put(id, node);
        }
    }

    private static RandomGenerator random(long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    /** What a node knows of the ring. */
    private final class View implements Ranking {
        private final int viewer;

        View(int viewer) {
            this.viewer = viewer;
        }

        @Override
        public List<MemberId> order(Digest of, String rack, int limit) {
            List<MemberId> first = new ArrayList<>();
            for (SimulatedNode node : orders.computeIfAbsent(of, SwarmSimulation.this::ranked)) {
                if (first.size() == limit) {
                    break;
                }
                if ((rack.isEmpty() || node.rack.equals(rack))
                        && !gone.contains(node.id)
                        && !believesDead.test(nodes.get(viewer), node)) {
                    first.add(node.id);
                }
            }
            return first;
        }

        @Override
        public String rackOf(MemberId member) {
            SimulatedNode node = byId.get(member);
            return node == null ? "" : node.rack;
        }
    }

    private List<SimulatedNode> ranked(Digest of) {
        List<SimulatedNode> ranked = new ArrayList<>(nodes);
        Collections.shuffle(ranked, new Random(of.hashCode() + scenario.seed()));
        return ranked;
    }

    Scenario scenario() {
        return scenario;
    }

    Digest digest() {
        return digest;
    }

    long bytes() {
        return scenario.bytes();
    }

    public int chunks() {
        return Chunk.count(scenario.bytes());
    }

    long now() {
        return now;
    }

    public double seconds() {
        return now / (double) SECOND;
    }

    long rtt() {
        return (long) (scenario.rttMillis() * MILLI);
    }

    RandomGenerator random() {
        return random;
    }

    boolean resets() {
        return resets;
    }

    public SimulatedOrigin origin() {
        return origin;
    }

    public List<SimulatedNode> nodes() {
        return nodes;
    }

    SimulatedNode node(MemberId id) {
        SimulatedNode node = byId.get(id);
        if (node == null) {
            throw new AssertionError("no such member: " + id);
        }
        return node;
    }

    /** The nodes in the order in which they would be the blob's home. */
    public List<SimulatedNode> homes() {
        return orders.computeIfAbsent(digest, this::ranked);
    }

    long nanos(long bytes, long bytesPerSecond) {
        return (long) ((double) bytes / bytesPerSecond * SECOND);
    }

    void at(long time, Runnable task) {
        plan.add(new Planned(time, order++, task));
    }

    void after(long nanos, Runnable task) {
        at(now + nanos, task);
    }

    public void inSeconds(double seconds, Runnable task) {
        after((long) (seconds * SECOND), task);
    }

    void done() {
        done++;
    }

    public int doneCount() {
        return done;
    }

    /** Hashes every effect from now on. */
    public SwarmSimulation traced() {
        traced = true;
        return this;
    }

    public long traceHash() {
        return trace;
    }

    void trace(SimulatedNode node, Effect effect) {
        if (traced) {
            int what = effect instanceof Effect.Send(MemberId to, Message message)
                    ? to.hashCode() * 31 + message.getClass().getSimpleName().hashCode()
                    : effect instanceof Effect.Check check
                            ? check.chunk()
                            : effect.toString().hashCode();
            trace = 31 * (31 * (31 * trace + now) + node.index) + what;
        }
    }

    /** Nodes that die leave no trace: no reset, only silence. */
    public void silentDeaths() {
        resets = false;
    }

    public void cutBetween(BiPredicate<SimulatedNode, SimulatedNode> pairs) {
        cut = pairs;
    }

    public void believe(BiPredicate<SimulatedNode, SimulatedNode> dead) {
        believesDead = dead;
    }

    boolean cut(SimulatedNode from, SimulatedNode to) {
        return cut.test(from, to);
    }

    /** The way between racks. */
    public RackLinks links() {
        return links;
    }

    void deliver(SimulatedNode from, MemberId to, Message message) {
        from.messages++;
        SimulatedNode target = node(to);
        if (message instanceof Message.Report report) {
            stateBytes = Math.max(
                    stateBytes,
                    STATE_FIXED
                            + Long.BYTES * report.have().size()
                            + STATE_LEASE * report.leases().size());
            target.homeMessages++;
        } else if (message instanceof Message.Grant) {
            from.homeMessages++;
        }
        if (random.nextDouble() < scenario.loss() || cut.test(from, target)) {
            return;
        }
        int lived = from.life;
        after(rtt() / 2 + links.delay(from.rack, target.rack), () -> {
            if (target.alive) {
                target.happen(new Event.Received(from.id, message));
            } else if (resets) {
                after(rtt() / 2, () -> {
                    if (from.life == lived) {
                        from.happen(new Event.Undelivered(to));
                    }
                });
            }
        });
    }

    /** This node wants the blob now. */
    public void start(SimulatedNode node) {
        node.started = true;
        node.happen(new Event.Start(digest, "registry.example/image", -1, List.of()));
    }

    /** Nodes that are to start and have not. */
    public int pending() {
        return pending;
    }

    public SwarmSimulation startAll() {
        for (SimulatedNode node : nodes) {
            pending++;
            after(random.nextLong(scenario.spreadMillis() * MILLI + 1), () -> {
                pending--;
                start(node);
            });
        }
        return this;
    }

    public void kill(SimulatedNode node) {
        node.die();
        after(DETECTION, () -> {
            gone.add(node.id);
            nodes.forEach(other -> other.happen(new Event.Down(node.id)));
        });
    }

    /** Runs until the condition holds, or so many seconds of virtual time have passed; true if it held. */
    public boolean runUntil(double limitSeconds, BooleanSupplier condition) {
        long limit = (long) (limitSeconds * SECOND);
        while (!condition.getAsBoolean()) {
            Planned next = plan.peek();
            if (next == null || next.time > limit) {
                return false;
            }
            plan.remove();
            now = Math.max(now, next.time);
            next.task.run();
        }
        return true;
    }

    /** Whether every live node that started has all of it. */
    public boolean allDone() {
        for (SimulatedNode node : nodes) {
            if (node.alive && node.started && node.doneAt < 0) {
                return false;
            }
        }
        return nodes.stream().anyMatch(node -> node.started);
    }

    /** Seconds until the last live node had all. */
    public double makespan() {
        return nodes.stream()
                .filter(SimulatedNode::alive)
                .mapToDouble(SimulatedNode::doneAt)
                .max()
                .orElse(0);
    }

    public double egress() {
        return (double) origin.egress() / scenario.bytes();
    }

    public long messages() {
        return nodes.stream().mapToLong(node -> node.messages).sum();
    }

    /** Reports and grants of the member that had the most of them. */
    public long homeMessages() {
        return nodes.stream().mapToLong(node -> node.homeMessages).max().orElse(0);
    }

    /** What a home remembers of a puller, at most, in bytes: its ids and counters, its runs and its leases. */
    public int stateBytes() {
        return stateBytes;
    }

    public int queueMost() {
        return nodes.stream().mapToInt(node -> node.queueMost).max().orElse(0);
    }

    /** Reads from neighbours that were refused, since too many waited. */
    public long refused() {
        return nodes.stream().mapToLong(node -> node.refused).sum();
    }

    public long uploadedBytes() {
        return nodes.stream().mapToLong(node -> node.uploaded).sum();
    }

    public String describe() {
        StringBuilder text =
                new StringBuilder("seed " + scenario.seed() + ", at " + seconds() + " s, egress " + egress());
        for (SimulatedNode node : nodes) {
            if (node.alive && node.doneAt < 0 && text.length() < 4_000) {
                text.append("\n  node ")
                        .append(node.index)
                        .append(' ')
                        .append(node.present())
                        .append('/')
                        .append(chunks());
                text.append(node.opened ? "" : " unopened").append(node.alone.isEmpty() ? "" : " alone: " + node.alone);
            }
        }
        return text.toString();
    }
}
