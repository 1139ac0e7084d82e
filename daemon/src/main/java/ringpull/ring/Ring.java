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
    /** Shortest time between pushes of news, and the members that each goes to. */
    static final long PUSH_INTERVAL = 250 * Time.MILLIS;

    static final int PUSH_TO = 2;

    /** One push in so many goes to any member, not to a neighbour. */
    static final int PUSH_TO_ANYONE = 10;

    /** Members that are told when this node leaves. */
    static final int FAREWELLS = 5;

    /** From the start until others may build on this node, at least. */
    static final long ELIGIBLE_AFTER = 5 * Time.SECONDS;

    private static final long FAREWELL = 1_500 * Time.MILLIS;
    private static final long PUSH_SOON = 50 * Time.MILLIS;
    private static final long TOMBSTONE_SWEEP = 60 * Time.SECONDS;
    private static final int STALLED = 2;

    private final Time time = new Time();
    private final Outbox outbox = new Outbox();
    private final String cluster;
    private final RandomGenerator random;
    private final Peers peers;
    private final RendezvousOrder rendezvous;
    private final News news;
    private final Exchanges exchanges;
    private final Prober prober;
    private final Differences differences;
    private final Repair repair;
    private final Seeds seeds;
    private final Checks checks;
    private long pushDue = Time.NEVER;
    private long pushed = -PUSH_INTERVAL;
    private long pushes;
    private long sweepDue = TOMBSTONE_SWEEP;
    private int farewells;
    private final AtomicLong rejected = new AtomicLong();

    /**
     * @param cluster the ring's name; members of another are refused
     * @param seeds names that {@link Effect.Resolve} is to look up
     * @throws IllegalArgumentException if the ring's name is beyond the {@link Limits}
     */
    public Ring(String cluster, Member self, List<String> seeds, RandomGenerator random) {
        this(cluster, self, seeds, random, new Directory());
    }

    /** @param directory may be shared by rings that one thread runs */
    public Ring(String cluster, Member self, List<String> seeds, RandomGenerator random, Directory directory) {
        Limits.name(cluster, 1, Limits.NAME_CHARS, "ring's name");
        this.cluster = cluster;
        this.random = random;
        peers = new Peers(self, directory, time, outbox, random);
        rendezvous = new RendezvousOrder(peers.table());
        news = new News(peers, time);
        exchanges = new Exchanges(cluster, time, outbox, peers, news);
        prober = new Prober(time, peers, news, exchanges);
        differences = new Differences(time, peers, exchanges, news::changed);
        repair = new Repair(time, peers, exchanges, differences, random);
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
            case Event.Held(Digest digest, long sizeBytes) -> changeOwn(digest, sizeBytes);
            case Event.Dropped(Digest digest) -> changeOwn(digest, Change.REMOVED);
            case Event.Leave() -> leave();
        }
        planPush();
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
        return peers.states();
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
            due = Math.min(due, Math.min(peers.wakeAt(), pushDue));
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
        peers.trustAgain();
        push();
        becomeEligible();
        if (time.now() >= sweepDue) {
            sweepDue = time.now() + TOMBSTONE_SWEEP;
            peers.forgetOldTombstones();
        }
        String problem = Stream.of(peers.conflict(), checks.problem(), seeds.problem())
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
        if (peers.self().eligible() || time.now() < ELIGIBLE_AFTER) {
            return;
        }
        if (peers.table().liveCount() == 0 || repair.fullSyncAt() >= ELIGIBLE_AFTER - Time.SECONDS) {
            repair.joined();
            peers.becomeEligible();
            news.changed(peers.selfOrdinal(), false);
        }
    }

    /** News do not wait for the next probe. */
    private void planPush() {
        if (news.isEmpty()) {
            pushDue = Time.NEVER;
        } else if (pushDue == Time.NEVER) {
            pushDue = Math.max(time.now() + PUSH_SOON, pushed + PUSH_INTERVAL);
        }
    }

    private void push() {
        if (time.now() >= pushDue && !news.isEmpty()) {
            pushed = time.now();
            pushDue = Time.NEVER;
            for (int i = 0; i < PUSH_TO; i++) {
                int member = ++pushes % PUSH_TO_ANYONE == 0 ? anyone() : peers.neighbours().any();
                if (member != Directory.NONE && peers.table().counts(member)) {
                    exchanges.ask(member, new Body.Ping(), Prober.VERDICT, pushTo(member));
                }
            }
        }
    }

    private int anyone() {
        int count = peers.table().liveCount();
        return count == 0 ? Directory.NONE : peers.table().live(random.nextInt(count));
    }

    /** A push that fails is a hint: whoever does not answer is probed soon. */
    private Exchanges.Reply pushTo(int member) {
        return new Exchanges.Reply() {
            @Override
            public void answered(Message message) {}

            @Override
            public void failed(String reason) {
                prober.soon(member);
            }
        };
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
        absorb(message);
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
            absorb(message);
        }
        reply.answered(message);
    }

    /** Learns what a message says beside its question or answer. */
    private void absorb(Message message) {
        boolean repairs = switch (message.body()) {
            case Body.Compared b -> true;
            case Body.Listed b -> true;
            case Body.Repair b -> true;
            case Body.Repaired b -> true;
            case Body.Busy b -> true;
            case Body.Ping b -> false;
            case Body.Ack b -> false;
            case Body.Probe b -> false;
            case Body.Probed b -> false;
            case Body.Compare b -> false;
            case Body.Compares b -> false;
            case Body.Check b -> false;
            case Body.Checked b -> false;
            case Body.Unknown b -> false;
        };
        learn(message.sender(), false);
        int sender = peers.table().find(message.sender().id());
        if (sender != Directory.NONE) {
            peers.table().heard(sender, time.now());
            peers.table().health(sender, message.health());
        }
        message.rumors().forEach(rumor -> learn(rumor, repairs));
        message.claims().forEach(this::learn);
        message.deltas().forEach(delta -> apply(delta, repairs));
    }

    /** @param repairs members that are new to this node are not new to the others */
    private void learn(Rumor rumor, boolean repairs) {
        Rumor before = peers.self();
        Peers.Learned learned = peers.learn(rumor);
        int member = peers.table().find(rumor.id());
        switch (learned) {
            case NOTHING -> refuted(before);
            case NEWER -> changed(member);
            case RESTARTED -> news.joined(member);
            case NEW_MEMBER -> {
                if (!repairs) {
                    news.joined(member);
                }
            }
        }
    }

    private void learn(Claim claim) {
        Rumor before = peers.self();
        int member = peers.table().find(claim.id());
        boolean suspected = member != Directory.NONE && peers.table().status(member) != Status.ALIVE;
        if (peers.learn(claim) == Peers.Learned.NOTHING) {
            refuted(before);
        } else {
            news.changed(member, suspected);
            if (claim.status() == Status.SUSPECT) {
                prober.suspected(member);
            }
        }
    }

    private void changed(int member) {
        news.changed(member, true);
    }

    /** This node's own refutation is the most urgent of all news. */
    private void refuted(Rumor before) {
        if (peers.self().epoch() != before.epoch()) {
            news.joined(peers.selfOrdinal());
        } else if (peers.self().incarnation() != before.incarnation()) {
            news.changed(peers.selfOrdinal(), true);
        }
    }

    private void apply(Delta delta, boolean repairs) {
        int owner = peers.table().find(delta.member());
        boolean current = owner != Directory.NONE
                && owner != peers.selfOrdinal()
                && peers.table().counts(owner)
                && peers.table().member(owner).epoch() == delta.epoch();
        if (!current) {
            return;
        }
        Inventory inventory = peers.inventory(owner);
        long before = inventory.version();
        long hash = peers.inventoryHash(owner);
        Inventory.Outcome outcome = inventory.apply(delta, peers.index().of(owner));
        if (outcome == Inventory.Outcome.APPLIED) {
            peers.inventoryChanged(owner, hash);
            if (!repairs && delta.changes().size() <= News.FRESH_CHANGES) {
                news.inventory(owner, before);
            }
        }
    }

    private void changeOwn(Digest digest, long sizeBytes) {
        int self = peers.selfOrdinal();
        Inventory inventory = peers.inventory(self);
        long hash = peers.inventoryHash(self);
        boolean changed = sizeBytes == Change.REMOVED ? inventory.drop(digest) : inventory.hold(digest, sizeBytes);
        if (changed) {
            peers.inventoryChanged(self, hash);
            news.inventory(self, inventory.version() - 1);
        }
    }

    private void leave() {
        if (left()) {
            return;
        }
        peers.leave();
        List<Integer> told = peers.pick(FAREWELLS, peer -> true);
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
