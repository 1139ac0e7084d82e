package ringpull.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.Address;
import ringpull.ring.Directory;
import ringpull.ring.Effect;
import ringpull.ring.Event;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.MemberState;
import ringpull.ring.Membership.Status;
import ringpull.ring.Message;
import ringpull.ring.wire.MessageSize;

/**
 * Many rings in one thread under virtual time: the classes that ship, on a network and on hosts that fail as told. The same
 * seed gives the same trace.
 */
public final class RingSimulation {
    public static final long SECOND = 1_000_000_000L;

    /** How often the driver wakes a ring. */
    static final long TICK = SECOND / 10;

    /** Addresses behind the seed name {@code dns}. */
    private static final int DNS_ADDRESSES = 3;

    /** Shared by all rings, which one thread runs: so that ten thousand of them fit into memory. */
    final Directory directory = new Directory();

    private final long seed;
    final RandomGenerator random;
    private final Wheel wheel = new Wheel();
    private final List<SimNode> nodes = new ArrayList<>();
    private final Map<Address, SimNode> doors = new HashMap<>();
    private final Map<MemberId, SimNode> byId = new HashMap<>();
    private final Set<String> closedPorts = new HashSet<>();
    private final Traffic traffic = new Traffic();
    private final MessageSize sizes = new MessageSize();
    private final Network network;
    private final Views views = new Views(nodes);
    private final List<Watch> watches = new ArrayList<>();
    Tamper tamper = Tamper.NONE;
    private boolean remembers = true;
    private long exchanges;
    private long trace;
    private long madeUp;

    public RingSimulation(long seed) {
        this.seed = seed;
        random = generator(0);
        network = new Network(random, traffic);
        wheel.add(SECOND, this::secondIsOver);
    }

    RandomGenerator generator(long purpose) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 1_000_003 + purpose);
    }

    private void secondIsOver() {
        traffic.endOfSecond(nodes);
        wheel.add(now() + SECOND, this::secondIsOver);
    }

    /** A node that is not started yet; it names seeds {@code seed-0} and so on, by index, or {@code dns}: the first three. */
    public SimNode node(String cluster, String... seeds) {
        SimNode node = new SimNode(this, nodes.size(), cluster, List.of(seeds));
        nodes.add(node);
        views.added();
        doors.put(node.door, node);
        byId.put(node.id, node);
        return node;
    }

    /** So many nodes that all name the first two as seeds, started at once. */
    public List<SimNode> ring(int size) {
        List<SimNode> started = IntStream.range(0, size)
                .mapToObj(i -> node("ring", "seed-0", "seed-1"))
                .toList();
        started.forEach(SimNode::start);
        return started;
    }

    public List<SimNode> nodes() {
        return nodes;
    }

    SimNode node(MemberId id) {
        SimNode node = byId.get(id);
        if (node == null) {
            throw new AssertionError("nobody has the member id " + id);
        }
        return node;
    }

    public Network network() {
        return network;
    }

    public Traffic traffic() {
        return traffic;
    }

    public Views views() {
        return views;
    }

    public void watch(Watch watch) {
        watches.add(watch);
    }

    /** Hears every message. */
    public void tap(Consumer<Message> ear) {
        watch(new Watch() {
            @Override
            public void said(SimNode from, Message message, int bytes) {
                ear.accept(message);
            }
        });
    }

    /** Nodes do not keep {@link SimNode#seen}: for ten thousand of them. */
    public void forgetful() {
        remembers = false;
    }

    /** Dialling back that port of the node fails. */
    public void close(SimNode node, String port) {
        closedPorts.add(node.index + port);
    }

    public void open(SimNode node, String port) {
        closedPorts.remove(node.index + port);
    }

    /** Changes of members that nobody is; a test may have put them in. */
    long madeUp() {
        return madeUp;
    }

    /** A hash of all that happened. */
    public long trace() {
        return trace;
    }

    public long now() {
        return wheel.now();
    }

    public double seconds() {
        return now() / (double) SECOND;
    }

    /** Plans a task, for tests: when the node is running or not. */
    public void at(long time, Runnable task) {
        wheel.add(time, task);
    }

    public void run(double seconds) {
        wheel.runUntil(now() + (long) (seconds * SECOND));
    }

    /** Seconds until the condition holds; fails after so many. */
    public double runUntil(String what, double limit, BooleanSupplier condition) {
        long start = now();
        while (!condition.getAsBoolean()) {
            if (now() - start > limit * SECOND) {
                throw new AssertionError("seed " + seed + ": not in " + limit + " s: " + what + "\n" + describe());
            }
            run(0.1);
        }
        return (now() - start) / (double) SECOND;
    }

    String describe() {
        StringBuilder text = new StringBuilder();
        for (SimNode node : nodes.subList(0, Math.min(nodes.size(), 30))) {
            if (node.life() == 0) {
                continue;
            }
            text.append(node).append(node.running ? " sees" : " (down) saw");
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
    public boolean converged() {
        return views.allRight() && nodes.stream().filter(SimNode::isOn).allMatch(this::seesTheTruth);
    }

    private boolean seesTheTruth(SimNode viewer) {
        for (MemberState state : viewer.ring().members()) {
            SimNode subject = byId.get(state.member().id());
            boolean right = (subject == null || !subject.isOn())
                    ? !state.status().counts()
                    : state.status() == Status.ALIVE
                            && subject.isOfThisLife(state.member().epoch())
                            && state.blobs() == subject.blobs.size()
                            && (subject == viewer || knowsHoldings(viewer, subject));
            if (!right) {
                return false;
            }
        }
        return true;
    }

    private static boolean knowsHoldings(SimNode viewer, SimNode holder) {
        return holder.blobs.keySet().stream().allMatch(digest -> viewer.knowsHolder(holder, digest));
    }

    public static Digest digest(long number) {
        return Digest.parse(String.format("sha256:%064x", number));
    }

    void started(SimNode node) {
        views.started(node);
        watches.forEach(watch -> watch.started(node));
    }

    void stopped(SimNode node) {
        views.stopped(node);
        watches.forEach(watch -> watch.stopped(node));
    }

    void perform(SimNode node, Effect effect) {
        switch (effect) {
            case Effect.Call call -> call(node, call);
            case Effect.Answer(long number, Message message) -> {
                Exchange question = node.questions.get(number);
                int bytes = said(node, 2, message);
                if (question != null) {
                    question.answer(message, bytes);
                }
            }
            case Effect.Refuse(long number, String reason) -> {
                record(node, 3, reason.length());
                Exchange question = node.questions.get(number);
                if (question != null) {
                    question.refuse(reason);
                }
            }
            case Effect.Resolve(String name) -> {
                record(node, 4, name.length());
                resolve(node, name);
            }
            case Effect.DialBack dial -> {
                record(node, 5, dial.dial());
                dialBack(node, dial);
            }
            case Effect.Changed changed -> changed(node, changed);
            case Effect.Left() -> {
                record(node, 6, 0);
                node.left = true;
                stopped(node);
            }
        }
    }

    private void record(SimNode node, int what, long more) {
        trace = 31 * (31 * (31 * trace + now()) + node.index * 8L + what) + more;
    }

    /** The message's bytes, noted. */
    private int said(SimNode from, int what, Message message) {
        int bytes = sizes.of(message);
        record(from, what, bytes);
        from.sent++;
        watches.forEach(watch -> watch.said(from, message, bytes));
        return bytes;
    }

    private void call(SimNode asker, Effect.Call call) {
        int bytes = said(asker, 1, call.message());
        SimNode asked = doors.get(call.to().getFirst());
        if (asked == null) {
            int life = asker.life();
            at(
                    now() + 2 * network.latency(),
                    () -> asker.give(life, new Event.Failed(call.call(), "connection refused")));
        } else {
            new Exchange(this, ++exchanges, asker, call.call(), asked).start(call, bytes);
        }
    }

    private void changed(SimNode viewer, Effect.Changed changed) {
        SimNode subject = byId.get(changed.member().id());
        if (subject == null) {
            madeUp++;
            return;
        }
        record(
                viewer,
                7,
                subject.index * 5L
                        + changed.status().name().length()
                        + changed.member().epoch());
        if (remembers) {
            viewer.seen.add(changed);
        }
        watches.forEach(watch -> watch.changed(viewer, subject, changed));
        views.changed(viewer, subject, changed);
    }

    private void resolve(SimNode node, String name) {
        int first = name.equals("dns") ? 0 : Integer.parseInt(name.substring(name.indexOf('-') + 1));
        int count = name.equals("dns") ? DNS_ADDRESSES : 1;
        List<Address> found = IntStream.range(first, Math.min(nodes.size(), first + count))
                .mapToObj(i -> nodes.get(i).door)
                .toList();
        int life = node.life();
        at(
                now() + 2 * network.latency(),
                () -> node.give(life, new Event.Resolved(name, found, found.isEmpty() ? "no such name" : "")));
    }

    private void dialBack(SimNode node, Effect.DialBack dial) {
        SimNode target = byId.get(dial.member().id());
        int life = node.life();
        long ends = target == null ? Network.NEVER : network.connect(node, target, now());
        at(
                ends == Network.NEVER ? now() + 5 * SECOND : ends,
                () -> node.give(life, new Event.Dialled(dial.dial(), problem(target, ends))));
    }

    private String problem(@Nullable SimNode target, long ends) {
        if (target == null || ends == Network.NEVER) {
            return "cannot be dialled back: no answer";
        }
        return closedPorts.contains(target.index + "data")
                ? "cannot be dialled back at " + target.door.host() + ":7747 (data): refused"
                : "";
    }
}
