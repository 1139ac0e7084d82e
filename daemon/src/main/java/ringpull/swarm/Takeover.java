package ringpull.swarm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import ringpull.ring.MemberId;

/**
 * Whether a home that others call silent is dead: asked directly and through two other members. Only then does the next in
 * rank act in its place, and only for a while.
 */
final class Takeover {
    private static final int HELPERS = 2;
    private static final int WAITING = 1_024;
    private static final int PROBES = 256;

    private final Node node;
    private final Consumer<Message.Report> answer;
    private final Map<MemberId, Probing> probing = new LinkedHashMap<>();
    private final Map<MemberId, Long> dead = new LinkedHashMap<>();

    private static final class Probing {
        final long nonce;
        final long until;
        final Map<MemberId, Message.Report> waiting = new LinkedHashMap<>();

        Probing(long nonce, long until) {
            this.nonce = nonce;
            this.until = until;
        }
    }

    Takeover(Node node, Consumer<Message.Report> answer) {
        this.node = node;
        this.answer = answer;
    }

    boolean busy() {
        return !probing.isEmpty();
    }

    /** Whether own probes of this member failed a short while ago. */
    boolean dead(MemberId member) {
        return dead.containsKey(member);
    }

    /** Probes a member; the report is dealt with when it is known. */
    void probe(MemberId member, Message.Report report, List<MemberId> order) {
        Probing running = probing.get(member);
        if (running == null) {
            if (probing.size() >= PROBES) {
                return;
            }
            running = new Probing(node.random().nextLong(), node.now() + SwarmLimits.PROBE);
            probing.put(member, running);
            Message.Probe probe = new Message.Probe(member, node.self(), running.nonce);
            node.send(member, probe);
            order.stream()
                    .filter(other -> !other.equals(member) && !other.equals(node.self()))
                    .limit(HELPERS)
                    .forEach(other -> node.send(other, probe));
        }
        if (running.waiting.size() < WAITING) {
            running.waiting.put(report.puller(), report);
        }
    }

    void probed(Message.Probe probe) {
        if (probe.target().equals(node.self())) {
            node.send(probe.asker(), new Message.Alive(node.self(), probe.asker(), probe.nonce()));
        } else if (!probe.asker().equals(node.self())) {
            node.send(probe.target(), probe);
        }
    }

    void alive(Message.Alive alive) {
        Probing running = probing.get(alive.target());
        if (running != null && running.nonce == alive.nonce()) {
            heard(alive.target());
        }
    }

    /** A member said something: it lives. */
    void heard(MemberId member) {
        dead.remove(member);
        Probing running = probing.remove(member);
        if (running != null) {
            running.waiting.values().forEach(report -> {
                if (report.hops() < SwarmLimits.HOPS) {
                    node.send(member, report.onward());
                }
            });
        }
    }

    /** The ring has found the same. */
    void down(MemberId member) {
        Probing running = probing.remove(member);
        if (running != null) {
            bury(member, running);
        }
    }

    void tick() {
        dead.values().removeIf(until -> node.now() >= until);
        for (Map.Entry<MemberId, Probing> entry : new ArrayList<>(probing.entrySet())) {
            if (node.now() >= entry.getValue().until) {
                probing.remove(entry.getKey());
                bury(entry.getKey(), entry.getValue());
            }
        }
    }

    private void bury(MemberId member, Probing running) {
        dead.put(member, node.now() + SwarmLimits.TAKEN_OVER);
        running.waiting.values().forEach(answer);
    }
}
