package ringpull.ring;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import ringpull.blob.Digest;
import ringpull.ring.Membership.Status;

/**
 * Who is in the ring and who holds what: membership in the manner of SWIM (Das, Gupta, Motivala 2002) with Lifeguard's
 * extensions (Dadgar, Phillips, Currey 2018), and inventories that ride on it. A pure state machine: it is told of events,
 * says what it wants done, and has no thread, clock, socket or random source of its own. The same seed and the same events
 * give the same effects.
 *
 * <p>One thread at a time may call {@link #handle} and {@link #wakeAt}; all else is for any thread, at any time, and never
 * blocks.
 */
public final class Ring implements Membership, Holders, Rendezvous {
    /** Members that are told when this node leaves. */
    static final int FAREWELLS = 5;

    /** From the start until others may build on this node, at least. */
    static final long ELIGIBLE_AFTER = 5 * Time.SECONDS;

    private static final long FAREWELL = 1_500 * Time.MILLIS;
    private static final long TOMBSTONE_SWEEP = 60 * Time.SECONDS;
    private static final int STALLED = 2;

    private final Time time = new Time();
    private final Outbox outbox = new Outbox();
    private final String cluster;
    private final Peers peers;
    private final States states;
    private final RendezvousOrder rendezvous;
    private final News news;
    private final Exchanges exchanges;
    private final Prober prober;
    private final Push push;
    private final Learning learning;
    private final Differences differences;
    private final Repair repair;
    private final Seeds seeds;
    private final Checks checks;
    private long sweepDue = TOMBSTONE_SWEEP;
    private int farewells;
    private final AtomicLong rejected = new AtomicLong();

    /**
     * @param cluster the ring's name; members of another are refused
     * @param seeds names that {@link Effect.Resolve} is to look up
     * @throws IllegalArgumentException if the ring's name is beyond the {@link Limits}
     */
    public Ring(String cluster, Member self, List<String> seeds, RandomGenerator random) {
        this(cluster, self, seeds, random, Announce.CLUSTER, new Directory());
    }

    /**
     * @param announce whom this node tells what it holds
     * @param directory may be shared by rings that one thread runs
     */
    public Ring(
            String cluster,
            Member self,
            List<String> seeds,
            RandomGenerator random,
            Announce announce,
            Directory directory) {
        Limits.name(cluster, 1, Limits.NAME_CHARS, "ring's name");
        this.cluster = cluster;
        peers = new Peers(self, directory, announce, time, outbox, random);
        states = new States(peers, time);
        rendezvous = new RendezvousOrder(peers.table());
        news = new News(peers, time);
        exchanges = new Exchanges(cluster, time, outbox, peers, news);
        Contacts contacts = new Contacts(random);
        prober = new Prober(time, peers, news, exchanges, contacts);
        learning = new Learning(time, peers, news, prober);
        differences = new Differences(time, peers, exchanges, news::changed);
        repair = new Repair(time, peers, exchanges, differences, contacts, random);
        push = new Push(time, peers, news, exchanges, prober, contacts);
        checks = new Checks(time, outbox, peers, exchanges);
        this.seeds = new Seeds(seeds, time, outbox, peers, repair, checks, random);
    }

    /** @param nowNanos of a monotonic clock */
    public List<Effect> handle(Event event, long nowNanos) {
        if (time.advance(nowNanos)) {
            peers.health().worse(STALLED);
        }
        switch (event) {
            case Event.Tick() -> tick();
            case Event.Asked(long exchange, Message message) -> asked(exchange, message);
            case Event.Answered(long call, Message message) -> answered(call, message);
            case Event.Failed(long call, String reason) -> exchanges.failed(call, Limits.tame(reason));
            case Event.Resolved resolved -> seeds.resolved(resolved);
            case Event.Dialled(long dial, String problem) -> checks.dialled(dial, problem);
            case Event.Held(Digest digest, long sizeBytes) -> learning.own(digest, sizeBytes);
            case Event.Dropped(Digest digest) -> learning.own(digest, Change.REMOVED);
            case Event.Leave() -> leave();
        }
        push.plan();
        time.sleepUntil(due());
        return outbox.drain();
    }

    /** On the clock of {@link #handle}: until then {@link Event.Tick} would do nothing, unless another event happens. */
    public long wakeAt() {
        return time.wakeAtNanos();
    }

    @Override
    public Member self() {
        return peers.self().member();
    }

    @Override
    public List<MemberState> members() {
        return states.all();
    }

    @Override
    public List<Holder> holders(Digest digest) {
        return peers.index().holders(digest);
    }

    @Override
    public void disown(MemberId member, Digest digest) {
        peers.index().disown(member, digest);
    }

    @Override
    public List<Member> order(Digest digest, int limit) {
        return rendezvous.order(digest, limit);
    }

    @Override
    public List<Member> orderInRack(Digest digest, String zone, String rack, int limit) {
        return rendezvous.orderInRack(digest, zone, rack, limit);
    }

    @Override
    public List<Member> orderInZone(Digest digest, String zone, int limit) {
        return rendezvous.orderInZone(digest, zone, limit);
    }

    /** Messages of another ring, or that made no sense. */
    public long rejected() {
        return rejected.get();
    }

    private boolean left() {
        return peers.self().status() == Status.LEFT;
    }

    private long due() {
        long due = exchanges.wakeAt();
        if (!left()) {
            due = Math.min(due, Math.min(prober.wakeAt(), repair.wakeAt()));
            due = Math.min(due, Math.min(seeds.wakeAt(), checks.wakeAt()));
            due = Math.min(due, Math.min(peers.wakeAt(), push.wakeAt()));
            due = Math.min(due, peers.self().eligible() ? sweepDue : Math.min(sweepDue, eligibleDue()));
        }
        return due;
    }

    private void tick() {
        exchanges.tick();
        if (left()) {
            return;
        }
        peers.declareDead().forEach(peer -> news.changed(peer, false));
        prober.tick();
        repair.tick();
        seeds.tick();
        checks.tick();
        peers.tidy();
        push.tick();
        becomeEligible();
        if (time.now() >= sweepDue) {
            sweepDue = time.now() + TOMBSTONE_SWEEP;
            peers.forgetOldTombstones();
        }
        String problem = Stream.of(peers.own().conflict(), checks.problem(), seeds.problem())
                .filter(text -> !text.isEmpty())
                .findFirst()
                .orElse("");
        peers.problem(peers.selfOrdinal(), problem);
    }

    /** When it is to be looked whether this node knows the whole ring. */
    private long eligibleDue() {
        return Math.max(ELIGIBLE_AFTER, time.now() + Repair.JOINING_INTERVAL);
    }

    /** A node that knows the whole ring, or that is alone for want of others, says so. */
    private void becomeEligible() {
        if (peers.self().eligible() || time.now() < ELIGIBLE_AFTER || repair.lacksMany()) {
            return;
        }
        if (peers.table().liveCount() == 0 || repair.fullSyncAt() >= ELIGIBLE_AFTER - Time.SECONDS) {
            repair.joined();
            peers.own().becomeEligible();
            news.changed(peers.selfOrdinal(), false);
        }
    }

    private void asked(long exchange, Message message) {
        if (!message.cluster().equals(cluster)) {
            rejected.incrementAndGet();
            exchanges.refuse(exchange, OTHER_RING);
            return;
        }
        if (left()) {
            exchanges.refuse(exchange, "this member has left the ring");
            return;
        }
        learning.absorb(message);
        Rumor sender = message.sender();
        switch (message.body()) {
            case Body.Ping() -> exchanges.answer(exchange, sender, new Body.Ack());
            case Body.Probe(MemberId target) -> prober.help(exchange, sender, target);
            case Body.Compare compare -> differences.compare(exchange, sender, compare);
            case Body.Compares compares -> differences.list(exchange, sender, compares);
            case Body.Repair question -> differences.repair(exchange, sender, message.rumors(), question);
            case Body.Check() -> checks.check(exchange, sender);
            case Body.Ack a -> notAQuestion(exchange);
            case Body.Probed p -> notAQuestion(exchange);
            case Body.Compared c -> notAQuestion(exchange);
            case Body.Listed l -> notAQuestion(exchange);
            case Body.Repaired r -> notAQuestion(exchange);
            case Body.Busy b -> notAQuestion(exchange);
            case Body.Checked c -> notAQuestion(exchange);
            case Body.Unknown u -> exchanges.refuse(exchange, "this release does not know that question");
        }
    }

    private static final String OTHER_RING =
            "that daemon belongs to another ring; [ring] cluster must be the same on both, or the seed is wrong";

    private void notAQuestion(long exchange) {
        rejected.incrementAndGet();
        exchanges.refuse(exchange, "that is not a question");
    }

    private void answered(long call, Message message) {
        Exchanges.Reply reply = exchanges.end(call);
        if (reply == null) {
            return;
        }
        if (!message.cluster().equals(cluster)) {
            rejected.incrementAndGet();
            reply.failed(OTHER_RING);
            return;
        }
        if (!left()) {
            learning.absorb(message);
        }
        reply.answered(message);
    }

    private void leave() {
        if (left()) {
            return;
        }
        peers.own().leave();
        List<Integer> told = peers.random().pick(FAREWELLS, peer -> true);
        farewells = told.size();
        Exchanges.Reply reply = new Exchanges.Reply() {
            @Override
            public void answered(Message message) {
                toldOne();
            }

            @Override
            public void failed(String reason) {
                toldOne();
            }
        };
        told.forEach(peer -> exchanges.ask(peer, new Body.Ping(), FAREWELL, reply));
        if (told.isEmpty()) {
            outbox.add(new Effect.Left());
        }
    }

    private void toldOne() {
        farewells--;
        if (farewells == 0) {
            outbox.add(new Effect.Left());
        }
    }
}
