package ringpull.swarm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * The homes that this member is. It is one only where its own view ranks it first, or where it has found by probes of its
 * own that those before it are dead; every other report goes on to the member that is first.
 */
final class Homes {
    private static final int GATES = 256;

    private final Node node;
    private final Takeover takeover;
    private final Map<Key, Home> homes = new LinkedHashMap<>();
    private final Map<Digest, Budget> budgets = new LinkedHashMap<>();
    private final Map<String, Gate> gates = new LinkedHashMap<>();

    private record Key(Digest digest, String scope) {}

    Homes(Node node) {
        this.node = node;
        this.takeover = new Takeover(node, this::report);
    }

    Takeover takeover() {
        return takeover;
    }

    boolean busy() {
        return !homes.isEmpty() || !gates.isEmpty() || takeover.busy();
    }

    void report(Message.Report report) {
        List<MemberId> order = node.ranking().order(report.digest(), report.scope(), SwarmLimits.SILENT + 1);
        for (MemberId member : order) {
            if (member.equals(node.self())) {
                Home home = home(report.digest(), report.scope());
                if (home != null) {
                    home.report(report);
                }
                return;
            }
            if (takeover.dead(member)) {
                continue;
            }
            if (report.silent().contains(member) && order.contains(node.self())) {
                takeover.probe(member, report, order);
            } else if (report.hops() < SwarmLimits.HOPS) {
                node.send(member, report.onward());
            }
            return;
        }
    }

    private @Nullable Home home(Digest digest, String scope) {
        Key key = new Key(digest, scope);
        Home home = homes.get(key);
        if (home == null && homes.size() < SwarmLimits.HOMES) {
            Budget budget = budgets.computeIfAbsent(digest, d -> new Budget(node, d));
            home = new Home(node, digest, scope, budget);
            homes.put(key, home);
        }
        return home;
    }

    /** A rack's home here hears from the blob's home; false if the grant is meant for a puller. */
    boolean granted(MemberId from, Message.Grant grant) {
        if (!grant.scope().isEmpty()) {
            return false;
        }
        Home rack = node.rack().isEmpty() ? null : homes.get(new Key(grant.digest(), node.rack()));
        if (rack == null) {
            return false;
        }
        rack.upstreamGranted(from, grant);
        return true;
    }

    void bye(MemberId from, Digest digest) {
        homes.forEach((key, home) -> {
            if (key.digest.equals(digest)) {
                home.down(from);
            }
        });
    }

    void need(Message.Need need) {
        List<MemberId> order = node.ranking().order(Gate.digest(need.registry()), "", 1);
        if (order.isEmpty()) {
            return;
        }
        if (!order.getFirst().equals(node.self())) {
            if (need.hops() < SwarmLimits.HOPS) {
                node.send(
                        order.getFirst(),
                        new Message.Need(
                                need.registry(),
                                need.digest(),
                                need.streams(),
                                need.pauseNanos(),
                                need.hops() + 1,
                                need.home()));
            }
            return;
        }
        if (gates.size() < GATES || gates.containsKey(need.registry())) {
            gates.computeIfAbsent(need.registry(), name -> new Gate(node, name)).need(need);
        }
    }

    void allowed(Message.Allow allow) {
        Budget budget = budgets.get(allow.digest());
        if (budget != null) {
            budget.allowed(allow);
            Home home = homes.get(new Key(allow.digest(), ""));
            if (home != null) {
                home.giveWork();
            }
        }
    }

    void undelivered(MemberId member) {
        homes.values().forEach(home -> home.undelivered(member));
    }

    void down(MemberId member) {
        takeover.down(member);
        undelivered(member);
        homes.values().forEach(home -> home.down(member));
    }

    void tick() {
        takeover.tick();
        for (Map.Entry<Key, Home> entry : new ArrayList<>(homes.entrySet())) {
            Home home = entry.getValue();
            home.tick();
            if (entry.getKey().scope.isEmpty()) {
                Budget budget = budgets.get(home.digest());
                if (budget != null) {
                    budget.tick(home.source(), home.wantsStreams());
                }
            }
            if (home.over()) {
                homes.remove(entry.getKey());
            }
        }
        budgets.keySet().removeIf(digest -> !homes.containsKey(new Key(digest, "")));
        gates.values().forEach(Gate::tick);
        gates.values().removeIf(Gate::over);
    }
}
