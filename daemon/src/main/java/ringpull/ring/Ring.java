package ringpull.ring;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import ringpull.blob.Digest;
import ringpull.ring.Membership.Status;

/**
 * Who is in the ring and who holds what: membership in the manner of SWIM, with inventories that ride on it. A pure state
 * machine: it is told of events, says what it wants done, and has no thread, clock, socket or random source of its own.
 * The same seed and the same events give the same effects.
 *
 * <p>One thread at a time may call {@link #handle}; {@link #members}, {@link #holders} and {@link #disown} are for any
 * thread, at any time, and never block.
 */
public final class Ring implements Membership, Holders {
    /** Shortest time between pushes of news, and the members that each goes to. */
    static final long PUSH_INTERVAL = 500 * Time.MILLIS;

    static final int PUSH_TO = 2;

    /** Members that are told when this node leaves. */
    static final int FAREWELLS = 5;

    private static final long FAREWELL = 1_500 * Time.MILLIS;
    private static final long PUSH_SOON = 50 * Time.MILLIS;
    private static final long TOMBSTONE_SWEEP = 10 * Time.SECONDS;

    private final Time time = new Time();
    private final Outbox outbox = new Outbox();
    private final String cluster;
    private final Peers peers;
    private final News news;
    private final Exchanges exchanges;
    private final Prober prober;
    private final Sync sync;
    private final Seeds seeds;
    private final Checks checks;
    private long pushDue = Time.NEVER;
    private long pushed = -PUSH_INTERVAL;
    private long sweepDue;
    private int farewells;
    private final AtomicLong rejected = new AtomicLong();

    /**
     * @param cluster the ring's name; members of another are refused
     * @param seeds names that {@link Effect.Resolve} is to look up
     * @throws IllegalArgumentException if the member's description or the ring's name is beyond the {@link Limits}
     */
    public Ring(String cluster, Member self, List<String> seeds, RandomGenerator random) {
        Limits.name(cluster, 1, Limits.NAME_CHARS, "ring's name");
        this.cluster = cluster;
        peers = new Peers(self, time, outbox, random);
        news = new News(peers);
        exchanges = new Exchanges(cluster, time, outbox, peers, news);
        prober = new Prober(time, peers, news, exchanges);
        sync = new Sync(time, peers, exchanges, random);
        checks = new Checks(time, outbox, peers, exchanges);
        this.seeds = new Seeds(seeds, time, outbox, peers, sync, checks, random);
    }

    /** @param nowNanos of a monotonic clock */
    public List<Effect> handle(Event event, long nowNanos) {
        time.advance(nowNanos);
        switch (event) {
            case Event.Tick() -> tick();
            case Event.Asked(long exchange, Message message) -> asked(exchange, message);
            case Event.Answered(long call, Message message) -> answered(call, message);
            case Event.Failed(long call, String reason) -> exchanges.failed(call, Limits.tame(reason));
            case Event.Resolved resolved -> seeds.resolved(resolved);
            case Event.Dialled(long dial, String problem) -> checks.dialled(dial, problem);
            case Event.Held held -> changeOwn(peers.self().inventory().hold(held.digest(), held.sizeBytes()));
            case Event.Dropped dropped -> changeOwn(peers.self().inventory().drop(dropped.digest()));
            case Event.Leave() -> leave();
        }
        return outbox.drain();
    }

    @Override
    public Member self() {
        return peers.self().rumor().member();
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

    /** Messages of another ring, or that made no sense. */
    public long rejected() {
        return rejected.get();
    }

    private boolean left() {
        return peers.self().rumor().status() == Status.LEFT;
    }

    private void tick() {
        exchanges.tick();
        if (left()) {
            return;
        }
        peers.declareDead().forEach(peer -> news.rumor(peer.id()));
        prober.tick();
        sync.tick();
        seeds.tick();
        checks.tick();
        push();
        if (time.now() >= sweepDue) {
            sweepDue = time.now() + TOMBSTONE_SWEEP;
            peers.forgetOldTombstones();
        }
        String problem = Stream.of(peers.conflict(), checks.problem(), seeds.problem())
                .filter(text -> !text.isEmpty())
                .findFirst()
                .orElse("");
        peers.self().problem(problem);
    }

    /** News do not wait for the next probe. */
    private void push() {
        if (news.isEmpty()) {
            pushDue = Time.NEVER;
        } else if (pushDue == Time.NEVER) {
            pushDue = Math.max(time.now() + PUSH_SOON, pushed + PUSH_INTERVAL);
        } else if (time.now() >= pushDue) {
            pushed = time.now();
            pushDue = Time.NEVER;
            for (Peer peer : peers.pick(PUSH_TO, peer -> true)) {
                exchanges.ask(peer, new Body.Ping(), Prober.VERDICT, IGNORED);
            }
        }
    }

    private static final Exchanges.Reply IGNORED = new Exchanges.Reply() {
        @Override
        public void answered(Message message) {}

        @Override
        public void failed(String reason) {}
    };

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
            case Body.Sync(List<Version> known) -> sync.answer(exchange, known);
            case Body.Check() -> checks.check(exchange, sender);
            case Body.Ack a -> notAQuestion(exchange);
            case Body.Probed p -> notAQuestion(exchange);
            case Body.Synced s -> notAQuestion(exchange);
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
        boolean catchingUp = message.body() instanceof Body.Synced;
        learn(message.sender(), false);
        Peer sender = peers.get(message.sender().id());
        if (sender != null) {
            sender.heard(time.now());
        }
        message.rumors().forEach(rumor -> learn(rumor, catchingUp));
        for (Delta delta : message.deltas()) {
            Peer owner = peers.get(delta.member());
            if (owner != null && owner.counts() && owner.rumor().epoch() == delta.epoch()) {
                apply(owner, delta, catchingUp);
            }
        }
    }

    /** @param catchingUp members that are new to this node are not new to the others */
    private void learn(Rumor rumor, boolean catchingUp) {
        switch (peers.learn(rumor)) {
            case NOTHING -> {}
            case NEWER -> news.rumor(rumor.id());
            case NEW_MEMBER -> {
                if (!catchingUp) {
                    news.rumor(rumor.id());
                }
            }
        }
    }

    private void apply(Peer owner, Delta delta, boolean catchingUp) {
        long before = owner.inventory().version();
        Inventory.Outcome outcome = owner.inventory().apply(delta, peers.index().of(owner.rumor()));
        if (outcome == Inventory.Outcome.APPLIED) {
            owner.inventoryChanged();
            if (!catchingUp && delta.changes().size() <= News.FRESH_CHANGES) {
                news.inventory(owner, before);
            }
        }
    }

    private void changeOwn(boolean changed) {
        Peer self = peers.self();
        if (changed) {
            self.inventoryChanged();
            news.inventory(self, self.inventory().version() - 1);
        }
    }

    private void leave() {
        if (left()) {
            return;
        }
        peers.leave();
        List<Peer> told = peers.pick(FAREWELLS, peer -> true);
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
