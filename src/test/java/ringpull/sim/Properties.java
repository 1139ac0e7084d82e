package ringpull.sim;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.Effect;
import ringpull.ring.Holders.Holder;
import ringpull.ring.Limits;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.Status;
import ringpull.ring.Message;

/** What must hold in every run whatever goes wrong; fails as soon as it does not. */
final class Properties implements Watch {
    /** Bytes that a node may send in one second; its link would carry a hundred times as much. */
    static final long BYTES_PER_SECOND = 4 << 20;

    /** The same in a quiet ring of at most {@link FaultPlan#MOST_NODES} nodes, on average. */
    static final long BYTES_PER_SECOND_QUIET = 5_000;

    /** Seconds more that it takes those who are left when half are down. */
    private static final double DOUBT = 4;

    /** Blobs whose homes are looked at. */
    private static final int HOMES = 50;

    /** How often a request for a blob's home is forwarded. */
    private static final int HOPS = 3;

    private final RingSimulation simulation;
    private final FaultPlan plan;
    private final Map<Long, Long> epochs = new HashMap<>();
    private final long[] stoppedAt;
    private final Map<String, Long> heldAt = new HashMap<>();

    Properties(RingSimulation simulation, FaultPlan plan) {
        this.simulation = simulation;
        this.plan = plan;
        stoppedAt = new long[plan.size()];
    }

    /** A dead node is out of every view after so many seconds: finding out, suspecting, and telling. */
    static double detection(int size) {
        return 4 * Math.max(1, Math.log10(size + 1.0)) + 10;
    }

    void require(boolean holds, String property, Object... details) {
        if (!holds) {
            StringBuilder text = new StringBuilder("at ")
                    .append(simulation.seconds())
                    .append(" s, ")
                    .append(property);
            for (Object detail : details) {
                text.append(' ').append(detail);
            }
            throw new AssertionError(text);
        }
    }

    /** Plans what is to be looked at while faults come and go. */
    void schedule() {
        for (Fault fault : plan.faults()) {
            double ends = simulation.seconds() + fault.at() + fault.seconds();
            if (fault instanceof Fault.Islands islands) {
                simulation.at(FaultPlan.nanos(ends - 0.01), () -> everyIslandFindsItsHolders(islands));
            }
        }
    }

    @Override
    public void started(SimNode node) {
        stoppedAt[node.index] = 0;
    }

    @Override
    public void stopped(SimNode node) {
        long now = simulation.now();
        stoppedAt[node.index] = now;
        boolean loss = plan.faults().stream().anyMatch(Fault.Loss.class::isInstance);
        double limit = detection(plan.size()) + (loss ? 8 : 0);
        if (plan.mild()) {
            simulation.at(now + FaultPlan.nanos(limit), () -> {
                if (halfAreDown()) {
                    simulation.at(now + FaultPlan.nanos(limit + DOUBT), () -> outOfEveryView(node, now, limit + DOUBT));
                } else {
                    outOfEveryView(node, now, limit);
                }
            });
        }
    }

    private void outOfEveryView(SimNode node, long since, double limit) {
        if (stoppedAt[node.index] == since) {
            for (SimNode viewer : simulation.nodes()) {
                boolean late = viewer.isOn() && simulation.views().counts(viewer, node);
                require(!late, "completeness:", node, "is down for", limit, "s, but counts for", viewer);
            }
        }
    }

    /** Then who is left doubts itself, and takes its time. */
    private boolean halfAreDown() {
        return simulation.nodes().stream().filter(SimNode::isOn).count() * 2 <= plan.size() + 1;
    }

    @Override
    public void said(SimNode from, Message message, int bytes) {
        require(bytes <= Limits.MESSAGE_BYTES, "caps:", from, "sent", bytes, "bytes");
        require(
                from.sentThisSecond <= BYTES_PER_SECOND,
                "caps:",
                from,
                "sent in one second",
                from.sentThisSecond,
                "bytes");
    }

    @Override
    public void changed(SimNode viewer, SimNode subject, Effect.Changed changed) {
        require(viewer.cluster.equals(subject.cluster), "two rings:", viewer, "took in", subject);
        long epoch = changed.member().epoch();
        Long before = epochs.put((viewer.index * 1_000L + viewer.life()) * 1_000L + subject.index, epoch);
        require(before == null || before <= epoch, "no resurrection:", viewer, "took", changed, "after epoch", before);
        boolean wronged = changed.status() == Status.DEAD && subject.isOn() && subject.isOfThisLife(epoch);
        boolean healthy = !subject.isSlow();
        require(!wronged || !healthy || !plan.mild(), "accuracy:", viewer, "holds for dead:", subject);
    }

    /** While islands are apart: what a running node of an island holds, all others on it find there. */
    private void everyIslandFindsItsHolders(Fault.Islands islands) {
        boolean alone = plan.faults().stream().allMatch(f -> f.equals(islands) || f instanceof Fault.Leap);
        if (!alone || islands.seconds() < 5) {
            return;
        }
        for (SimNode holder : simulation.nodes()) {
            for (SimNode asking : simulation.nodes()) {
                boolean together = holder != asking
                        && holder.isOn()
                        && asking.isOn()
                        && holder.cluster.equals(asking.cluster)
                        && simulation.network().passes(asking, holder);
                if (together) {
                    holder.blobs
                            .keySet()
                            .forEach(digest -> require(
                                    asking.knowsHolder(holder, digest) || heldLately(holder, digest),
                                    "liveness:",
                                    asking,
                                    "does not find",
                                    holder,
                                    digest));
                }
            }
        }
    }

    void held(SimNode node, Digest digest) {
        heldAt.put(node + " " + digest, simulation.now());
    }

    private boolean heldLately(SimNode node, Digest digest) {
        return simulation.now() - heldAt.getOrDefault(node + " " + digest, 0L) < FaultPlan.nanos(PropertyRun.QUIET);
    }

    /** In a quiet ring nobody is named as a holder who is none, whatever was dropped. */
    void nothingTooMuch(long digests) {
        for (SimNode viewer : simulation.nodes()) {
            for (long number = 0; viewer.isOn() && number < digests; number++) {
                Digest digest = RingSimulation.digest(number);
                for (Holder holder : viewer.ring().holders(digest)) {
                    SimNode named = simulation.node(holder.member().id());
                    require(
                            named.isOn() && named.blobs.containsKey(digest),
                            "no resurrection:",
                            viewer,
                            "names",
                            named,
                            "for what it dropped:",
                            digest);
                }
            }
        }
    }

    /** In a quiet ring the home of a blob is one and the same for all, and it thinks so too. */
    void oneHomeForAll(long digests) {
        for (long number = 0; number < Math.min(digests, HOMES); number++) {
            Digest digest = RingSimulation.digest(number);
            Map<String, MemberId> homes = new HashMap<>();
            for (SimNode viewer : simulation.nodes()) {
                if (viewer.isOn()) {
                    List<Member> order = viewer.ring().order(digest, 1);
                    require(!order.isEmpty(), "one home:", viewer, "knows no home of", digest);
                    MemberId home = order.getFirst().id();
                    MemberId others = homes.putIfAbsent(viewer.cluster, home);
                    require(
                            others == null || others.equals(home),
                            "one home:",
                            viewer,
                            "goes for",
                            digest,
                            "to",
                            home,
                            "and others to",
                            others);
                    require(simulation.node(home).isOn(), "one home:", viewer, "goes to", home, "which is down");
                }
            }
        }
    }

    /** How many nodes would ask the origin for the blob now: those to whom a request is forwarded, and who think it is theirs. */
    int fetchers(Digest digest) {
        BitSet fetching = new BitSet();
        for (SimNode puller : simulation.nodes()) {
            SimNode at = puller.isOn() && !puller.paused() ? puller : null;
            for (int hop = 0; at != null && hop <= HOPS; hop++) {
                SimNode next = home(at, digest);
                if (next == at) {
                    fetching.set(at.index);
                }
                at = next == at ? null : next;
            }
        }
        return fetching.cardinality();
    }

    /** The first in the order that the node can reach; null if there is none. */
    private @Nullable SimNode home(SimNode at, Digest digest) {
        for (Member member : at.ring().order(digest, HOPS)) {
            SimNode home = simulation.node(member.id());
            boolean reached = home.isOn()
                    && !home.paused()
                    && simulation.network().passes(at, home)
                    && simulation.network().passes(home, at);
            if (home == at || reached) {
                return home;
            }
        }
        return null;
    }

    void quietTraffic(int seconds) {
        var last = simulation.traffic().seconds();
        double mean = last.subList(last.size() - seconds, last.size()).stream()
                .mapToDouble(Traffic.Second::mean)
                .average()
                .orElse(0);
        require(mean <= BYTES_PER_SECOND_QUIET, "caps: in a quiet ring every node sends in a second", mean, "bytes");
    }
}
