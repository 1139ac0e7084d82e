package ringpull.ring;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Repairs what news missed: once a second this node and a random other one compare all that they know, as versions, and
 * give each other the difference. Joining is the same, with a seed.
 */
final class Sync {
    static final long INTERVAL = Time.SECONDS;
    static final long TIMEOUT = 5 * Time.SECONDS;

    /** Every so many syncs one goes to a member that is held for dead: partitions heal. */
    static final int TO_THE_DEAD = 10;

    private final Time time;
    private final Peers peers;
    private final Exchanges exchanges;
    private final RandomGenerator random;
    private List<Address> again = List.of();
    private long due;
    private long count;

    Sync(Time time, Peers peers, Exchanges exchanges, RandomGenerator random) {
        this.time = time;
        this.peers = peers;
        this.exchanges = exchanges;
        this.random = random;
    }

    /** For those who start a sync: which of the two ways it ended. */
    interface Outcome {
        void synced(Message answer);

        void failed(String reason);
    }

    private static final Outcome WHATEVER = new Outcome() {
        @Override
        public void synced(Message answer) {}

        @Override
        public void failed(String reason) {}
    };

    void tick() {
        if (!again.isEmpty()) {
            List<Address> to = again;
            again = List.of();
            start(to, WHATEVER);
        } else if (time.now() >= due) {
            due = time.now() + INTERVAL * 9 / 10 + random.nextLong(INTERVAL / 5);
            count++;
            List<Peer> partner = count % TO_THE_DEAD == 0 ? peers.pickDead() : List.of();
            partner = partner.isEmpty() ? peers.pick(1, peer -> true) : partner;
            partner.forEach(peer -> start(peer.rumor().controlAddresses(), WHATEVER));
        }
    }

    void start(List<Address> to, Outcome outcome) {
        List<Version> known = new ArrayList<>();
        known.add(peers.self().version());
        peers.others().forEach(peer -> known.add(peer.version()));
        Bundle nothing = new Bundle(0);
        exchanges.ask(to, new Body.Sync(known), nothing, TIMEOUT, new Exchanges.Reply() {
            @Override
            public void answered(Message message) {
                if (message.body() instanceof Body.Synced synced) {
                    give(to, synced);
                    outcome.synced(message);
                } else {
                    outcome.failed("the answer is not one to the question");
                }
            }

            @Override
            public void failed(String reason) {
                outcome.failed(reason);
            }
        });
    }

    private void give(List<Address> to, Body.Synced synced) {
        Bundle bundle = new Bundle(Bundle.SYNC_BYTES);
        for (Version version : synced.wanted()) {
            Peer peer = peers.isSelf(version.member()) ? peers.self() : peers.get(version.member());
            if (peer != null) {
                compare(peer, version, bundle);
            }
        }
        if (!bundle.isEmpty()) {
            exchanges.ask(to, new Body.Ping(), bundle, TIMEOUT, new Exchanges.Reply() {
                @Override
                public void answered(Message message) {}

                @Override
                public void failed(String reason) {}
            });
        }
        if (synced.more() || bundle.truncated()) {
            again = to;
        }
    }

    void answer(long exchange, List<Version> known) {
        Map<MemberId, Version> theirs = new HashMap<>();
        known.forEach(version -> theirs.put(version.member(), version));
        Bundle bundle = new Bundle(Bundle.SYNC_BYTES);
        List<Version> wanted = new ArrayList<>();
        for (Peer peer : peers.others()) {
            Version version = theirs.remove(peer.id());
            if (version != null) {
                if (compare(peer, version, bundle)) {
                    wanted.add(peer.version());
                }
            } else if (peer.counts()) {
                compare(peer, Version.nothing(peer.id()), bundle);
            }
        }
        compare(
                peers.self(),
                theirs.getOrDefault(
                        peers.self().id(), Version.nothing(peers.self().id())),
                bundle);
        theirs.remove(peers.self().id());
        for (Version version : known) {
            if (theirs.containsKey(version.member()) && version.status().counts()) {
                wanted.add(Version.nothing(version.member()));
            }
        }
        exchanges.answer(exchange, new Body.Synced(wanted, bundle.truncated()), bundle);
    }

    /** Puts into the bundle what a node lacks that knows this version; true if it knows more than this node. */
    private static boolean compare(Peer peer, Version theirs, Bundle bundle) {
        Rumor rumor = peer.rumor();
        int age = rumor.compareAge(theirs.epoch(), theirs.incarnation(), theirs.status());
        if (age > 0) {
            bundle.add(rumor);
        }
        if (rumor.epoch() != theirs.epoch()) {
            if (rumor.epoch() > theirs.epoch() && peer.inventory().newerThan(0, 0)) {
                bundle.add(peer, 0, 0);
            }
            return age < 0;
        }
        if (peer.counts() && peer.inventory().newerThan(theirs.inventory(), theirs.base())) {
            bundle.add(peer, theirs.inventory(), theirs.base());
        }
        return age < 0 || (peer.counts() && peer.inventory().version() < theirs.inventory());
    }
}
