package ringpull.sim;

import java.util.BitSet;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.random.RandomGenerator;

/** When messages arrive, whether they do, and what they cost. */
public final class Network {
    static final long NEVER = Long.MAX_VALUE / 2;

    /** HTTP/2 and gRPC frames and headers, TLS records, TCP and IP headers and acknowledgements of one message. */
    public static final int FRAME_BYTES = 180;

    /** A new mutual TLS 1.3 connection and its HTTP/2 settings, both ways; no session is resumed. */
    public static final int HANDSHAKE_BYTES = 5_500;

    /** What a handshake costs the side that accepts, which does one after another. */
    private static final long ACCEPT_NANOS = RingSimulation.SECOND / 1_000;

    /** A longer queue of those that dial is refused, as by a full backlog. */
    private static final long BACKLOG_NANOS = 4 * RingSimulation.SECOND;

    private static final long LATENCY_FLOOR = RingSimulation.SECOND / 2_000;
    private static final long LATENCY_MOST = RingSimulation.SECOND / 4;

    private final RandomGenerator random;
    private final Traffic traffic;
    private double latencyMean = RingSimulation.SECOND / 200.0;
    private double loss;
    private BiPredicate<SimNode, SimNode> cut = (from, to) -> false;
    private final BitSet deaf = new BitSet();
    private List<Integer> island = List.of();

    Network(RandomGenerator random, Traffic traffic) {
        this.random = random;
        this.traffic = traffic;
    }

    /** Share of messages that get lost. */
    public void loss(double probability) {
        loss = probability;
    }

    /** One way, beyond the half millisecond that all take; exponential. */
    public void latency(double meanSeconds) {
        latencyMean = meanSeconds * RingSimulation.SECOND;
    }

    /** From and to which nodes nothing passes, that way. */
    public void cut(BiPredicate<SimNode, SimNode> broken) {
        cut = broken;
    }

    /** Nobody can call the node, as behind a firewall that refuses; its own calls work. */
    public void deaf(SimNode node) {
        deaf.set(node.index);
    }

    boolean isDeaf(SimNode node) {
        return deaf.get(node.index);
    }

    /** Nodes of different islands cannot talk; by index, and those beyond are on island 0. */
    public void islands(List<Integer> islandOfNode) {
        island = islandOfNode;
    }

    /** No loss, no cuts, no islands, nobody deaf; links that were clogged stay so. */
    public void heal() {
        loss = 0;
        deaf.clear();
        cut = (from, to) -> false;
        island = List.of();
    }

    boolean passes(SimNode from, SimNode to) {
        return islandOf(from) == islandOf(to) && !cut.test(from, to);
    }

    private int islandOf(SimNode node) {
        return node.index < island.size() ? island.get(node.index) : 0;
    }

    long latency() {
        double exponential = -Math.log(1 - random.nextDouble()) * latencyMean;
        return LATENCY_FLOOR + Math.min(LATENCY_MOST, (long) exponential);
    }

    /** When a message that is sent at this time arrives; {@link #NEVER} if it is lost. */
    long send(SimNode from, SimNode to, int messageBytes, long at) {
        int bytes = messageBytes + FRAME_BYTES;
        traffic.message(from, bytes);
        boolean lost = random.nextDouble() < loss;
        if (lost || !passes(from, to)) {
            return NEVER;
        }
        long left = from.uplink.through(at, bytes);
        return left == NEVER ? NEVER : to.downlink.through(left + latency(), bytes);
    }

    /** When the connection is there; {@link #NEVER} if it cannot be made. */
    long connect(SimNode from, SimNode to, long now) {
        if (from.connections.use(to, now)) {
            return now;
        }
        if (!passes(from, to) || !passes(to, from)) {
            return NEVER;
        }
        long arrives = now + 2 * latency();
        long waits = Math.max(0, to.acceptsAt - arrives);
        if (waits > BACKLOG_NANOS) {
            return NEVER;
        }
        from.connections.open(to, now);
        traffic.handshake(from, to, HANDSHAKE_BYTES);
        to.acceptsAt = arrives + waits + ACCEPT_NANOS;
        return to.acceptsAt + 2 * latency();
    }
}
