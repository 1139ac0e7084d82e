package ringpull.swarm.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One link to each rack but the first, where the origin stands. Without a rate they carry as much as is wanted. */
public final class RackLinks {
    private static final String FIRST = "rack0";

    private final SwarmSimulation simulation;
    private final Map<String, RackLink> out = new HashMap<>();
    private final Map<String, RackLink> in = new HashMap<>();
    private long betweenMembers;

    RackLinks(SwarmSimulation simulation) {
        this.simulation = simulation;
    }

    /** From one member's rack into another's. */
    void carry(SimulatedNode from, SimulatedNode to, int length, Runnable moved, Runnable done) {
        betweenMembers += from.rack.equals(to.rack) ? 0 : length;
        carry(from.rack, to.rack, length, moved, done);
    }

    void carryFromOrigin(SimulatedNode to, int length, Runnable done) {
        carry(FIRST, to.rack, length, () -> {}, done);
    }

    private void carry(String from, String to, int length, Runnable moved, Runnable done) {
        if (areOne(from, to)) {
            done.run();
            return;
        }
        Runnable then = done;
        for (RackLink link : between(from, to).reversed()) {
            Runnable next = then;
            then = () -> link.carry(length, moved, next);
        }
        then.run();
    }

    /** How much longer a control message takes than on idle links. */
    long delay(String from, String to) {
        return areOne(from, to)
                ? 0
                : between(from, to).stream().mapToLong(RackLink::messageDelay).sum();
    }

    private boolean areOne(String from, String to) {
        return simulation.scenario().rackLinkBytes() == 0 || from.equals(to);
    }

    private List<RackLink> between(String from, String to) {
        List<RackLink> way = new ArrayList<>();
        long rate = simulation.scenario().rackLinkBytes();
        if (!from.equals(FIRST)) {
            way.add(out.computeIfAbsent(from, rack -> new RackLink(simulation, rate)));
        }
        if (!to.equals(FIRST)) {
            way.add(in.computeIfAbsent(to, rack -> new RackLink(simulation, rate)));
        }
        return way;
    }

    /** Bytes between members of different racks. */
    public long betweenMembers() {
        return betweenMembers;
    }

    /** Bytes over all links, both ways, the origin's among them. */
    public long bytes() {
        return out.values().stream().mapToLong(RackLink::bytes).sum()
                + in.values().stream().mapToLong(RackLink::bytes).sum();
    }
}
