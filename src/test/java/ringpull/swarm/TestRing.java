package ringpull.swarm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** A member and its swarm, told event by event; who is whose home is what the test says. */
final class TestRing implements Ranking {
    static final long MILLIS = SwarmLimits.MILLIS;
    static final long SECONDS = SwarmLimits.SECONDS;
    private static final long TICK = 20 * MILLIS;

    final MemberId self;
    private final Swarm swarm;
    private final Map<Digest, List<MemberId>> orders = new HashMap<>();
    private List<MemberId> order;
    private long now = 5 * SECONDS;

    /** This member is the home of everything. */
    TestRing(long seed) {
        Random random = new Random(seed);
        self = MemberId.random(random);
        order = List.of(self);
        swarm = new Swarm(self, this, random);
    }

    static Digest digest(int number) {
        return Digest.parse(String.format("sha256:%064x", number));
    }

    static MemberId member(int number) {
        return new MemberId(String.format("%08x", number).repeat(4));
    }

    void order(MemberId... first) {
        order = List.of(first);
    }

    void order(Digest of, MemberId... first) {
        orders.put(of, List.of(first));
    }

    @Override
    public List<MemberId> order(Digest of, String rack, int limit) {
        return orders.getOrDefault(of, order).stream().limit(limit).toList();
    }

    @Override
    public String rackOf(MemberId member) {
        return "";
    }

    long now() {
        return now;
    }

    List<Effect> happens(Event event) {
        return swarm.handle(event, now);
    }

    List<Effect> hears(MemberId from, Message message) {
        return happens(new Event.Received(from, message));
    }

    /** Time passes, tick by tick. */
    List<Effect> passes(long nanos) {
        List<Effect> effects = new ArrayList<>();
        for (long end = now + nanos; now < end; ) {
            now = Math.min(end, now + TICK);
            effects.addAll(happens(new Event.Tick()));
        }
        return effects;
    }

    /** The messages of one kind among effects, whoever they go to. */
    static <T extends Message> List<T> said(List<Effect> effects, Class<T> kind) {
        return effects.stream()
                .flatMap(effect ->
                        effect instanceof Effect.Send(MemberId _, Message message) ? Stream.of(message) : Stream.of())
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
    }

    /** To whom messages of one kind go. */
    static List<MemberId> told(List<Effect> effects, Class<? extends Message> kind) {
        return effects.stream()
                .flatMap(effect ->
                        effect instanceof Effect.Send(MemberId to, Message message) && kind.isInstance(message)
                                ? Stream.of(to)
                                : Stream.of())
                .toList();
    }
}
