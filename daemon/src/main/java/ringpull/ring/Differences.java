package ringpull.ring;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import ringpull.ring.Membership.Status;

/** Compares entries of two nodes' {@link HashTree}s, and gives what the other lacks; both sides of a {@link Repair}. */
final class Differences {
    /** Members that are given beside one question or answer. */
    static final int GIVEN_BYTES = 16 << 10;

    /** Members that are wanted at one time; about as many as that are. */
    static final int WANTED = 160;

    /** Inventories likewise. */
    static final int INVENTORY_BYTES = 64 << 10;

    /** Hashes in one list of entries. */
    static final int LISTED_BYTES = 8 << 10;

    /** Members that one is told of which knows few. */
    static final int INTRODUCTIONS = 8;

    /** What this node gives a second to all that ask, and at once; then it is busy. */
    static final int BYTES_PER_SECOND = 48 << 10;

    static final int BYTES_AT_ONCE = 48 << 10;

    /** The same in a ring of more members than this: a hurry would be a storm. */
    static final int LARGE = 1_500;

    /** Who lacks one member in so many, or fewer, knows most. */
    private static final int MOST = 32;

    static final int LARGE_BYTES_PER_SECOND = 36 << 10;
    static final int LARGE_BYTES_AT_ONCE = 12 << 10;

    private final TokenBucket budget = new TokenBucket(BYTES_PER_SECOND, BYTES_AT_ONCE);
    private final TokenBucket budgetInLarge = new TokenBucket(LARGE_BYTES_PER_SECOND, LARGE_BYTES_AT_ONCE);
    private final Time time;
    private final Peers peers;
    private final MemberTable table;
    private final Exchanges exchanges;
    private final BiConsumer<Integer, Boolean> changed;
    private final Inventories inventories;
    private final MemberStates states;
    private long refusals;
    private int heardOf;

    /** @param changed told of members whose state changed in a way that is news, and whether that is a refutation */
    Differences(Time time, Peers peers, Exchanges exchanges, BiConsumer<Integer, Boolean> changed) {
        this.time = time;
        this.peers = peers;
        this.exchanges = exchanges;
        this.changed = changed;
        table = peers.table();
        inventories = new Inventories(peers);
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

    /** Times that this node was too busy to answer. */
    long refusals() {
        return refusals;
    }

    /** Answers the first question of an exchange. */
    void compare(long exchange, Rumor asker, Body.Compare theirs) {
        boolean members = theirs.members() == peers.digests().members().root();
        boolean inventories =
                theirs.inventories() == peers.digests().inventories().root()
                        || !peers.sharesInventories(asker.member());
        boolean knowsFew = theirs.known() < table.liveCount() / 2;
        if (!(members && inventories) && refusesBusy(exchange, asker, knowsFew)) {
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
        if (refusesBusy(exchange, asker, false)) {
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
            case MEMBERS -> members(bucket, question.salt());
            case INVENTORIES -> inventories(bucket);
            case STATES -> states.list(bucket);
        };
    }

    private boolean refusesBusy(long exchange, Rumor asker, boolean knowsFew) {
        if (budgetLeft() > 0) {
            return false;
        }
        refusals++;
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

    private Listing members(Bucket bucket, long salt) {
        boolean brief = salt != 0;
        int[] entries = table.of(bucket.number(), bucket.wide());
        long[] counted = new long[Math.min(entries.length, Limits.ENTRIES_PER_BUCKET)];
        long[] dead = new long[counted.length];
        int counting = 0;
        int died = 0;
        for (int member : entries) {
            if (table.counts(member) && counting < counted.length) {
                counted[counting++] = brief
                        ? Listing.brief(peers.digests(), member, salt)
                        : peers.digests().ofMember(member);
            } else if (table.status(member) == Status.DEAD && died < dead.length) {
                dead[died++] = peers.digests().inLife(member);
            }
        }
        return new Listing(
                bucket.number(),
                bucket.wide(),
                brief ? Listing.Form.BRIEF : Listing.Form.HASHES,
                Hashes.of(counted, counting),
                Hashes.of(dead, died));
    }

    private Listing inventories(Bucket bucket) {
        int[] entries = table.of(bucket.number(), bucket.wide());
        long[] hashes = new long[Math.min(entries.length, Limits.ENTRIES_PER_BUCKET)];
        int count = 0;
        for (int member : entries) {
            long hash = peers.digests().ofInventory(member);
            if (hash != 0 && table.counts(member) && count < hashes.length) {
                hashes[count++] = hash;
            }
        }
        return new Listing(bucket.number(), bucket.wide(), Listing.Form.HASHES, Hashes.of(hashes, count), Hashes.NONE);
    }

    /** What this node wants of the other's members; what it lacks itself goes into the bundle. */
    Body.Repair ofMembers(Rumor other, List<Listing> theirs, long salt, Bundle bundle) {
        List<Listing> wanted = new ArrayList<>();
        int members = 0;
        for (Listing listing : theirs) {
            boolean[] matched = new boolean[listing.counted().size()];
            List<Long> dead = new ArrayList<>();
            for (int member : table.of(listing.number(), listing.wide())) {
                if (table.counts(member)) {
                    compareCounted(other, member, listing, salt, matched, bundle);
                } else {
                    compareDead(member, listing, salt, matched, dead, bundle);
                }
            }
            Listing want = new Listing(
                    listing.number(),
                    listing.wide(),
                    listing.form(),
                    unmatched(listing.counted(), matched, WANTED - members),
                    Hashes.of(dead.stream().mapToLong(Long::longValue).toArray()));
            members += want.counted().size();
            if (want.counted().size() > 0 || want.dead().size() > 0) {
                wanted.add(want);
            }
        }
        spend(bundle.used());
        return new Body.Repair(wanted, List.of(), salt);
    }

    private void compareCounted(Rumor other, int member, Listing listing, long salt, boolean[] matched, Bundle bundle) {
        long own = peers.digests().ofMember(member);
        int at = listing.counted().indexOf(listing.listed(peers.digests(), member, salt));
        if (at >= 0) {
            matched[at] = true;
        } else if (listing.dead().indexOf(own) >= 0) {
            if (peers.learnDeath(member, table.find(other.id()))) {
                changed.accept(member, false);
            }
        } else if (isBehind(member, listing, matched)) {
            bundle.add(peers.claim(member));
        } else if (!guess(member, listing, matched) && !bundle.truncated()) {
            bundle.add(peers.rumor(member));
        }
    }

    private void compareDead(
            int member, Listing listing, long salt, boolean[] matched, List<Long> dead, Bundle bundle) {
        long inLife = peers.digests().inLife(member);
        int at = listing.counted().indexOf(listing.listed(peers.digests(), member, salt));
        if (at >= 0) {
            matched[at] = true;
            if (table.status(member) == Status.DEAD) {
                dead.add(inLife);
            } else {
                bundle.add(peers.claim(member));
            }
        } else {
            guess(member, listing, matched);
        }
    }

    /** The other may just know the member's next incarnation: then its hash says all. */
    private boolean guess(int member, Listing listing, boolean[] matched) {
        long next = table.incarnation(member) + 1;
        if (listing.form() != Listing.Form.HASHES || member == peers.selfOrdinal() || next > Limits.INCARNATIONS) {
            return false;
        }
        for (int eligible = 0; eligible < 2; eligible++) {
            int at = listing.counted().indexOf(peers.digests().ofMember(member, next, eligible == 1));
            if (at >= 0) {
                Member known = table.member(member);
                peers.learn(new Claim(known.id(), known.epoch(), next, Status.ALIVE, eligible == 1, List.of()));
                matched[at] = true;
                return true;
            }
        }
        return false;
    }

    /** The other may just know the member's incarnation before: then it needs to hear of the state alone. */
    private boolean isBehind(int member, Listing listing, boolean[] matched) {
        long before = table.incarnation(member) - 1;
        for (int eligible = 0; eligible < 2 && before >= 0 && listing.form() == Listing.Form.HASHES; eligible++) {
            int at = listing.counted().indexOf(peers.digests().ofMember(member, before, eligible == 1));
            if (at >= 0) {
                matched[at] = true;
                return true;
            }
        }
        return false;
    }

    private static Hashes unmatched(Hashes all, boolean[] matched, int most) {
        long[] rest = new long[matched.length];
        int count = 0;
        for (int i = 0; i < matched.length && count < most; i++) {
            if (!matched[i]) {
                rest[count++] = all.at(i);
            }
        }
        return Hashes.of(rest, count);
    }

    /** Inventories that differ, with what this node has of them. */
    Body.Repair ofInventories(List<Listing> theirs) {
        List<Version> known = new ArrayList<>();
        for (Listing listing : theirs) {
            boolean[] matched = new boolean[listing.counted().size()];
            List<Integer> without = new ArrayList<>();
            int unmatched = matched.length;
            for (int member : table.of(listing.number(), listing.wide())) {
                long hash = peers.digests().ofInventory(member);
                int at = hash == 0 ? -1 : listing.counted().indexOf(hash);
                if (at >= 0) {
                    matched[at] = true;
                    unmatched--;
                } else if (table.counts(member) && hash != 0) {
                    add(known, member);
                } else if (table.counts(member)) {
                    without.add(member);
                }
            }
            if (unmatched > 0) {
                without.forEach(member -> add(known, member));
            }
        }
        return new Body.Repair(List.of(), known, 0);
    }

    private void add(List<Version> known, int member) {
        if (known.size() < Limits.VERSIONS_PER_MESSAGE) {
            known.add(peers.version(member));
        }
    }

    /** Answers with what the asker lacks, and says what this node lacks. */
    void repair(long exchange, Rumor asker, List<Rumor> given, Body.Repair question) {
        if (refusesBusy(exchange, asker, false)) {
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
