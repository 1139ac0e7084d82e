package ringpull.ring;

import ringpull.blob.Digest;
import ringpull.ring.Membership.Status;

/** Takes in what messages say, and decides what of it is news to others. */
final class Learning {
    /** Live holders in the own zone of a blob that needs no announcement of another. */
    static final int COMMON = 32;

    private final Time time;
    private final Peers peers;
    private final News news;
    private final Prober prober;

    Learning(Time time, Peers peers, News news, Prober prober) {
        this.time = time;
        this.peers = peers;
        this.news = news;
        this.prober = prober;
    }

    /** Learns what a message says beside its question or answer. */
    void absorb(Message message) {
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
        for (int i = 0; i < message.deaths().size(); i++) {
            int died = peers.digests().ofDeath(message.deaths().at(i));
            if (died != Directory.NONE) {
                learn(peers.rumor(died).with(Status.DEAD).claim());
            }
        }
        message.deltas().forEach(delta -> apply(delta, repairs));
    }

    /** @param repairs members that are new to this node are not new to the others */
    private void learn(Rumor rumor, boolean repairs) {
        Rumor before = peers.self();
        Peers.Learned learned = peers.learn(rumor);
        switch (learned) {
            case NOTHING -> refuted(before);
            case NEWER -> news.changed(peers.table().find(rumor.id()), true);
            case RESTARTED -> news.joined(peers.table().find(rumor.id()));
            case NEW_MEMBER -> {
                if (!repairs) {
                    news.joined(peers.table().find(rumor.id()));
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
                && peers.sharesInventories(peers.table().member(owner))
                && peers.table().counts(owner)
                && peers.table().member(owner).epoch() == delta.epoch();
        if (!current) {
            return;
        }
        Inventory inventory = peers.table().inventory(owner);
        long before = inventory.version();
        long hash = peers.digests().ofInventory(owner);
        Inventory.Outcome outcome = inventory.apply(delta, peers.index(), owner);
        if (outcome == Inventory.Outcome.APPLIED) {
            peers.digests().inventoryChanged(owner, hash);
            if (!repairs && delta.changes().size() <= News.FRESH_CHANGES) {
                news.inventory(owner, before);
            }
        }
    }

    /** This node has a blob now, or has it no more. */
    void own(Digest digest, long sizeBytes) {
        int self = peers.selfOrdinal();
        Inventory inventory = peers.table().inventory(self);
        long hash = peers.digests().ofInventory(self);
        long blob = Fingerprint.of(digest);
        boolean changed = sizeBytes == Change.REMOVED
                ? inventory.drop(peers.index(), blob)
                : inventory.hold(peers.index(), self, blob, sizeBytes);
        if (changed) {
            peers.digests().inventoryChanged(self, hash);
            if (sizeBytes == Change.REMOVED || !isCommon(digest)) {
                news.inventory(self, inventory.version() - 1);
            }
        }
    }

    /** Nobody needs to hear at once of one more holder of what many around hold; the repair tells. */
    private boolean isCommon(Digest digest) {
        String zone = peers.self().member().zone();
        return peers.index().holdersInZone(digest, zone, COMMON) >= COMMON;
    }
}
