package ringpull.swarm;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.random.RandomGenerator;
import ringpull.ring.MemberId;

/** What the parts of a swarm share: who this member is, what time it is, and where effects go. */
final class Node {
    private final MemberId self;
    private final Ranking ranking;
    private final RandomGenerator random;
    private final Deque<Message> toSelf = new ArrayDeque<>();
    private List<Effect> effects = new ArrayList<>();
    private long now;

    Node(MemberId self, Ranking ranking, RandomGenerator random) {
        this.self = self;
        this.ranking = ranking;
        this.random = random;
    }

    MemberId self() {
        return self;
    }

    String rack() {
        return ranking.rackOf(self);
    }

    Ranking ranking() {
        return ranking;
    }

    RandomGenerator random() {
        return random;
    }

    long now() {
        return now;
    }

    void advance(long nowNanos) {
        now = Math.max(now, nowNanos);
    }

    void effect(Effect effect) {
        effects.add(effect);
    }

    /** To a member; what is for this one is heard before anything else happens. */
    void send(MemberId to, Message message) {
        if (to.equals(self)) {
            toSelf.add(message);
        } else {
            effects.add(new Effect.Send(to, message));
        }
    }

    Deque<Message> toSelf() {
        return toSelf;
    }

    List<Effect> drain() {
        List<Effect> drained = effects;
        effects = new ArrayList<>();
        return drained;
    }
}
