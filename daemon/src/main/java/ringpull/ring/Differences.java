package ringpull.ring;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/** Answers the questions of a {@link Repair} within a budget: tells what differs, and gives what the other lacks. */
final class Differences {
    /** Members that are given beside one question or answer. */
    static final int GIVEN_BYTES = 16 << 10;

    /** Inventories likewise. */
    static final int INVENTORY_BYTES = 64 << 10;

    /** Hashes in one list of entries. */
    static final int LISTED_BYTES = 8 << 10;

    /** Members that one is told of which knows few. */
    static final int INTRODUCTIONS = 8;

    /** What this node gives a second to all that ask, and at once; then it is busy. */
    static final int BYTES_PER_SECOND = 48 << 10;

    static final int BYTES_AT_ONCE = 24 << 10;

    /** The same in a ring of more members than this: a hurry would be a storm. */
    static final int LARGE = 1_500;

    /** Who lacks one member in so many, or fewer, knows most. */
    private static final int MOST = 32;

    static final int LARGE_BYTES_PER_SECOND = 32 << 10;
    static final int LARGE_BYTES_AT_ONCE = 12 << 10;

    private final TokenBucket budget = new TokenBucket(BYTES_PER_SECOND, BYTES_AT_ONCE);
    private final TokenBucket budgetInLarge = new TokenBucket(LARGE_BYTES_PER_SECOND, LARGE_BYTES_AT_ONCE);
    private final Time time;
    private final Peers peers;
    private final MemberTable table;
    private final Exchanges exchanges;
    private final BiConsumer<Integer, Boolean> changed;
    private final Inventories inventories;
    private final Listings listings;
    private final MemberStates states;
    private int heardOf;

    /** @param changed told of members whose state changed in a way that is news, and whether that is a refutation */
    Differences(Time time, Peers peers, Exchanges exchanges, BiConsumer<Integer, Boolean> changed) {
        this.time = time;
        this.peers = peers;
        this.exchanges = exchanges;
        this.changed = changed;
        table = peers.table();
        inventories = new Inventories(peers);
        listings = new Listings(peers, changed);
        states = new MemberStates(peers);
    }

    Inventories inventories() {
        return inventories;
    }

    MemberStates states() {
        return states;
    }

    /** Another node knows so many members that count. */
    void heardOf(int members) {
        heardOf = Math.max(heardOf, members);
    }

    /** Whether the ring is large, as far as this node knows or has heard. */
    boolean isLarge() {
        return Math.max(table.liveCount(), heardOf) > LARGE;
    }

    /** Whether this node knows nearly all that others said there are, be it that some have died since. */
    boolean knowsMost() {
        return table.size() >= heardOf - heardOf / MOST;
    }

    /** This node knows the ring itself. */
    void joined() {
        heardOf = 0;
    }

    private long budgetLeft() {
        long small = budget.available(time.now());
        long large = budgetInLarge.available(time.now());
        return isLarge() ? large : small;
    }

    private void spend(long bytes) {
        budget.spend(bytes);
        budgetInLarge.spend(bytes);
    }

    /** Answers the first question of an exchange. */
    void compare(long exchange, Rumor asker, Body.Compare theirs) {
        boolean members = theirs.members() == peers.digests().members().root();
        boolean inventories =
                theirs.inventories() == peers.digests().inventories().root()
                        || !peers.sharesInventories(asker.member());
        boolean knowsFew = theirs.known() < table.liveCount() / 2;
        if (!(members && inventories) && refusesBusy(exchange, asker, knowsFew, 0)) {
            return;
        }
        Body.Compared answer = new Body.Compared(
                members ? Hashes.NONE : peers.digests().members().groups(),
                inventories ? Hashes.NONE : peers.digests().inventories().groups(),
                table.liveCount() + 1,
                theirs.identities() == peers.digests().identities());
        exchanges.answer(exchange, asker, answer, knowsFew ? introductions() : Bundle.empty());
    }

    private Bundle introductions() {
        Bundle bundle = new Bundle(GIVEN_BYTES);
        peers.random().pick(INTRODUCTIONS, peer -> true).forEach(peer -> bundle.add(peers.rumor(peer)));
        return bundle;
    }

    /** Answers a question about buckets. */
    void list(long exchange, Rumor asker, Body.Compares question) {
        if (refusesBusy(exchange, asker, false, 0)) {
            return;
        }
        boolean members = question.part() == Body.Part.MEMBERS;
        HashTree tree = question.part() != Body.Part.INVENTORIES
                ? peers.digests().members()
                : peers.digests().inventories();
        List<Listing> listings = new ArrayList<>();
        Bundle bundle = new Bundle(GIVEN_BYTES);
        int bytes = 0;
        int done = 0;
        for (Bucket bucket : question.buckets()) {
            if (bucket.hash() != tree.at(bucket)) {
                if (members && bucket.hash() == 0) {
                    giveAll(bucket, bundle);
                    if (bundle.truncated()) {
                        break;
                    }
                } else {
                    Listing listing = list(question, bucket);
                    bytes += listing.weight();
                    if (bytes > LISTED_BYTES && !listings.isEmpty()) {
                        break;
                    }
                    listings.add(listing);
                }
            }
            done++;
        }
        spend(bytes + bundle.used());
        exchanges.answer(exchange, asker, new Body.Listed(question.part(), listings, done), bundle);
    }

    private Listing list(Body.Compares question, Bucket bucket) {
        return switch (question.part()) {
            case MEMBERS -> listings.members(bucket, question.salt());
            case INVENTORIES -> listings.inventories(bucket);
            case STATES -> states.list(bucket);
        };
    }

    /** @param credit for one who was listed what to ask for: refused now, it would have to be listed all that again */
    private boolean refusesBusy(long exchange, Rumor asker, boolean knowsFew, long credit) {
        if (budgetLeft() + credit > 0) {
            return false;
        }
        exchanges.answer(exchange, asker, new Body.Busy(), knowsFew ? introductions() : Bundle.empty());
        return true;
    }

    private void giveAll(Bucket bucket, Bundle bundle) {
        for (int member : table.of(bucket.number(), bucket.wide())) {
            if (table.counts(member)) {
                bundle.add(peers.rumor(member));
            }
        }
    }

    /** What this node, which asked, may give: no more than what it would give if it were asked. */
    Bundle gift() {
        return new Bundle(Math.min(GIVEN_BYTES, budgetLeft()));
    }

    /** What this node wants of the other's members; what it lacks itself goes into the bundle. */
    Body.Repair ofMembers(Rumor other, List<Listing> theirs, long salt, Bundle bundle) {
        Body.Repair wanted = listings.ofMembers(other, theirs, salt, bundle);
        spend(bundle.used());
        return wanted;
    }

    /** Inventories that differ, with what this node has of them. */
    Body.Repair ofInventories(List<Listing> theirs) {
        return listings.ofInventories(theirs);
    }

    /** Answers with what the asker lacks, and says what this node lacks. */
    void repair(long exchange, Rumor asker, List<Rumor> given, Body.Repair question) {
        if (refusesBusy(exchange, asker, false, GIVEN_BYTES)) {
            return;
        }
        int from = table.find(asker.id());
        Bundle bundle = new Bundle(question.known().isEmpty() ? GIVEN_BYTES : INVENTORY_BYTES);
        for (Listing wanted : question.wanted()) {
            for (int member : table.of(wanted.number(), wanted.wide())) {
                long hash = peers.digests().ofMember(member);
                boolean isWanted = hash != 0
                        && wanted.counted().indexOf(wanted.listed(peers.digests(), member, question.salt())) >= 0;
                if (isWanted) {
                    bundle.add(peers.rumor(member));
                } else if (hash != 0 && wanted.dead().indexOf(hash) >= 0 && peers.learnDeath(member, from)) {
                    changed.accept(member, false);
                }
            }
        }
        given.forEach(rumor -> correct(rumor, bundle));
        List<Version> lacking = inventories.give(question.known(), bundle);
        spend(bundle.used());
        exchanges.answer(exchange, asker, new Body.Repaired(lacking), bundle);
    }

    /** Who gave something that is older than what this node knows is told so. */
    private void correct(Rumor given, Bundle bundle) {
        int known = table.find(given.id());
        if (known != Directory.NONE && peers.rumor(known).newerThan(given)) {
            if (peers.rumor(known).epoch() == given.epoch()) {
                bundle.add(peers.claim(known));
            } else {
                bundle.add(peers.rumor(known));
            }
        }
    }
}
