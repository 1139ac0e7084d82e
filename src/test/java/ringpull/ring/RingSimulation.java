package ringpull.ring;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.Membership.MemberState;
import ringpull.ring.Membership.Status;

/**
 * Many rings in one thread under virtual time: messages take a while, get lost and meet cuts as told. The same seed gives
 * the same trace.
 */
public final class RingSimulation {
    static final long SECOND = 1_000_000_000L;
    private static final long TICK = SECOND / 10;
    private static final long LATENCY_LEAST = SECOND / 1_000;
    private static final long LATENCY_MORE = SECOND / 50;

    private final PriorityQueue<Planned> plan = new PriorityQueue<>();
    private final Map<Address, Node> doors = new HashMap<>();
    private final Map<Long, Open> open = new HashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Set<Node> deaf = new HashSet<>();
    private final Set<String> closedPorts = new HashSet<>();
    private final RandomGenerator random;
    private final long seed;
    private long now;
    private long order;
    private long exchanges;
    private boolean traced;
    private long trace;
    private double loss;
    private BiPredicate<Node, Node> cut = (from, to) -> false;
    private Consumer<Message> tap = message -> {};

    public RingSimulation(long seed) {
        this.seed = seed;
        random = generator(seed);
    }

    private record Planned(long at, long order, Runnable task) implements Comparable<Planned> {
        @Override
        public int compareTo(Planned o) {
            return at != o.at ? Long.compare(at, o.at) : Long.compare(order, o.order);
        }
    }

    private record Open(Node asker, int life, long call, Node asked) {}

    private static RandomGenerator generator(long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    /** A place where a daemon runs, once or several times after another. */
    public final class Node {
        final int index;
        final String cluster;
        final List<String> seeds;
        final Map<Digest, Long> blobs = new LinkedHashMap<>();
        final List<Effect.Changed> seen = new ArrayList<>();
        long epoch;
        long sent;
        boolean running;
        boolean paused;
        boolean left;
        private final List<Event> whilePaused = new ArrayList<>();
        private int life;
        private @Nullable Ring ring;

        private Node(int index, String cluster, List<String> seeds) {
            this.index = index;
            this.cluster = cluster;
            this.seeds = seeds;
            epoch = 1_000L + index;
        }

        public Ring ring() {
            if (ring == null) {
                throw new IllegalStateException("never started");
            }
            return ring;
        }

        Address door() {
            return new Address("10.0." + index / 250 + "." + (1 + index % 250), 7746);
        }

        Member member() {
            return member(epoch);
        }

        private Member member(long withEpoch) {
            String hex = String.format("%032x", 0xabc000L + index);
            return new Member(
                    new MemberId(hex),
                    withEpoch,
                    "node" + index,
                    List.of(door().host()),
                    7746,
                    7747,
                    "",
                    "",
                    List.of("tcp"));
        }

        void start() {
            running = true;
            left = false;
            paused = false;
            life++;
            ring = new Ring(cluster, member(), seeds, generator(seed * 1_000_003 + index * 101L + life));
            blobs.forEach((digest, size) -> happen(new Event.Held(digest, size)));
            int thisLife = life;
            at(now + random.nextLong(TICK), () -> tick(thisLife));
        }

        private void tick(int ofLife) {
            if (running && ofLife == life) {
                if (!paused) {
                    happen(new Event.Tick());
                }
                at(now + TICK, () -> tick(ofLife));
            }
        }

        /** As by kill -9. */
        void kill() {
            running = false;
        }

        void restart(long newEpoch) {
            kill();
            epoch = newEpoch;
            start();
        }

        void pause() {
            paused = true;
        }

        void resume() {
            paused = false;
            List<Event> missed = List.copyOf(whilePaused);
            whilePaused.clear();
            missed.forEach(this::happen);
        }

        void hold(Digest digest, long size) {
            blobs.put(digest, size);
            happen(new Event.Held(digest, size));
        }

        void drop(Digest digest) {
            blobs.remove(digest);
            happen(new Event.Dropped(digest));
        }

        void leave() {
            happen(new Event.Leave());
        }

        public void happen(Event event) {
            if (paused) {
                whilePaused.add(event);
            } else {
                List<Effect> effects = ring().handle(event, now);
                effects.forEach(effect -> perform(this, effect));
            }
        }

        Status statusOf(Node other) {
            return ring().members().stream()
                    .filter(state -> state.member().id().equals(other.member().id()))
                    .map(MemberState::status)
                    .findFirst()
                    .orElse(Status.LEFT);
        }

        String problemOf(Node other) {
            return ring().members().stream()
                    .filter(state -> state.member().id().equals(other.member().id()))
                    .map(MemberState::problem)
                    .findFirst()
                    .orElse("unknown member");
        }
    }

    Node node(String cluster, String... seeds) {
        Node node = new Node(nodes.size(), cluster, List.of(seeds));
        nodes.add(node);
        doors.put(node.door(), node);
        return node;
    }

    /** So many nodes that all name the first two as seeds, started at once. */
    public List<Node> ring(int size) {
        List<Node> started = IntStream.range(0, size)
                .mapToObj(i -> node("ring", "seed-0", "seed-1"))
                .toList();
        started.forEach(Node::start);
        return started;
    }

    List<Node> nodes() {
        return nodes;
    }

    void loss(double probability) {
        loss = probability;
    }

    void cut(BiPredicate<Node, Node> broken) {
        cut = broken;
    }

    /** Nobody can call the node, as behind a firewall; its own calls work. */
    void deaf(Node node) {
        deaf.add(node);
    }

    void heal() {
        deaf.clear();
        cut = (from, to) -> false;
    }

    /** Dialling back that port of the node fails. */
    void close(Node node, String port) {
        closedPorts.add(node.index + port);
    }

    void open(Node node, String port) {
        closedPorts.remove(node.index + port);
    }

    /** Hears every message. */
    public void tap(Consumer<Message> ear) {
        tap = ear;
    }

    /** A hash of all that happens from here on. */
    void startTrace() {
        traced = true;
    }

    long trace() {
        return trace;
    }

    long now() {
        return now;
    }

    public void run(double seconds) {
        long until = now + (long) (seconds * SECOND);
        while (!plan.isEmpty() && plan.peek().at <= until) {
            Planned next = plan.remove();
            now = next.at;
            next.task.run();
        }
        now = until;
    }

    /** Seconds until the condition holds; fails after so many. */
    double runUntil(String what, double limit, BooleanSupplier condition) {
        long start = now;
        while (!condition.getAsBoolean()) {
            if (now - start > limit * SECOND) {
                throw new AssertionError("seed " + seed + ": not in " + limit + " s: " + what + "\n" + describe());
            }
            run(0.1);
        }
        return (now - start) / (double) SECOND;
    }

    private String describe() {
        StringBuilder text = new StringBuilder();
        for (Node node : nodes) {
            text.append(node.index).append(node.running ? " sees" : " (down) saw");
            node.ring()
                    .members()
                    .forEach(s -> text.append(' ')
                            .append(s.member().name())
                            .append('/')
                            .append(s.status())
                            .append('/')
                            .append(s.blobs()));
            text.append('\n');
        }
        return text.toString();
    }

    /** Every running node sees exactly the running nodes of its ring alive, and knows exactly what they hold. */
    boolean converged() {
        return nodes.stream().filter(n -> n.running && !n.left).allMatch(this::seesTheTruth);
    }

    private boolean seesTheTruth(Node node) {
        Map<MemberId, MemberState> live = new HashMap<>();
        node.ring().members().stream()
                .filter(state -> state.status().counts())
                .forEach(state -> live.put(state.member().id(), state));
        List<Node> truth = nodes.stream()
                .filter(n -> n.running && !n.left && n.cluster.equals(node.cluster))
                .toList();
        return live.size() == truth.size()
                && truth.stream().allMatch(other -> {
                    MemberState state = live.get(other.member().id());
                    return state != null
                            && state.status() == Status.ALIVE
                            && state.member().epoch() >= other.epoch
                            && state.blobs() == other.blobs.size()
                            && other.blobs.keySet().stream()
                                    .allMatch(digest -> other == node || holds(node, other, digest));
                });
    }

    static boolean holds(Node asked, Node holder, Digest digest) {
        return asked.ring().holders(digest).stream()
                .anyMatch(h -> h.member().id().equals(holder.member().id()));
    }

    static Digest digest(long number) {
        return Digest.parse(String.format("sha256:%064x", number));
    }

    private void at(long time, Runnable task) {
        plan.add(new Planned(time, order++, task));
    }

    private long later() {
        return now + LATENCY_LEAST + random.nextLong(LATENCY_MORE);
    }

    private void perform(Node node, Effect effect) {
        if (traced) {
            trace = 31 * (31 * (31 * trace + now) + node.index)
                    + effect.toString().hashCode();
        }
        switch (effect) {
            case Effect.Call call -> call(node, call);
            case Effect.Answer(long exchange, Message message) -> {
                node.sent++;
                answer(exchange, call -> new Event.Answered(call, message), message);
            }
            case Effect.Refuse(long exchange, String reason) ->
                answer(exchange, call -> new Event.Failed(call, reason), null);
            case Effect.Resolve(String name) -> {
                int index = Integer.parseInt(name.substring(name.indexOf('-') + 1));
                List<Address> found =
                        index < nodes.size() ? List.of(nodes.get(index).door()) : List.of();
                at(
                        later(),
                        () -> give(
                                node,
                                node.life,
                                new Event.Resolved(name, found, found.isEmpty() ? "no such name" : "")));
            }
            case Effect.DialBack dial ->
                at(later(), () -> give(node, node.life, new Event.Dialled(dial.dial(), dialled(dial))));
            case Effect.Changed changed -> node.seen.add(changed);
            case Effect.Left() -> node.left = true;
        }
    }

    private String dialled(Effect.DialBack dial) {
        Node target = doors.get(new Address(dial.member().addresses().getFirst(), 7746));
        return target != null && closedPorts.contains(target.index + "data")
                ? "cannot be dialled back at " + target.door().host() + ":7747 (data): refused"
                : "";
    }

    private void call(Node asker, Effect.Call call) {
        asker.sent++;
        tap.accept(call.message());
        Node asked = doors.get(call.to().getFirst());
        int life = asker.life;
        if (asked == null || !asked.running || deaf.contains(asked)) {
            at(later(), () -> give(asker, life, new Event.Failed(call.call(), "connection refused")));
            return;
        }
        long exchange = ++exchanges;
        open.put(exchange, new Open(asker, life, call.call(), asked));
        at(now + call.timeoutNanos(), () -> {
            if (open.remove(exchange) != null) {
                give(asker, life, new Event.Failed(call.call(), "no answer in time"));
            }
        });
        if (!lost(asker, asked)) {
            int askedLife = asked.life;
            at(later(), () -> give(asked, askedLife, new Event.Asked(exchange, call.message())));
        }
    }

    private void answer(long exchange, LongFunction<Event> event, @Nullable Message message) {
        Open question = open.get(exchange);
        if (message != null) {
            tap.accept(message);
        }
        if (question != null && !lost(question.asked, question.asker)) {
            at(later(), () -> {
                if (open.remove(exchange) != null) {
                    give(question.asker, question.life, event.apply(question.call));
                }
            });
        }
    }

    private boolean lost(Node from, Node to) {
        return random.nextDouble() < loss || cut.test(from, to);
    }

    private void give(Node node, int life, Event event) {
        if (node.running && node.life == life) {
            node.happen(event);
        }
    }
}
