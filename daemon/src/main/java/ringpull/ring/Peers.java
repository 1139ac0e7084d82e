package ringpull.ring;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import ringpull.ring.Membership.Status;

/**
 * The membership list of SWIM (Das, Gupta, Motivala 2002): all members that this node knows, and itself. Written by the
 * ring's own thread; states are read by any.
 */
final class Peers {
    /** How long the dead and those that left are remembered. */
    static final long TOMBSTONE = 24 * 3_600 * Time.SECONDS;

    /** A death that another node knows of is believed only of a member that had so long to refute its suspicion. */
    static final long REFUTATION = 3 * Time.SECONDS;

    private final MemberTable table;
    private final Digests digests;
    private final OwnRecord own;
    private final RandomMembers choice;
    private final Suspicions suspicions = new Suspicions();
    private final Trust trust = new Trust();
    private final LocalHealth health = new LocalHealth();
    private final Neighbours neighbours;
    private final Map<Integer, String> problems = new ConcurrentHashMap<>();
    private final HolderIndex index;
    private final Announce announce;
    private final Time time;
    private final Outbox outbox;
    private int tombstones;

    Peers(Member self, Directory directory, Announce announce, Time time, Outbox outbox, RandomGenerator random) {
        this.announce = announce;
        this.time = time;
        this.outbox = outbox;
        table = new MemberTable(directory);
        neighbours = new Neighbours(table, self, random);
        choice = new RandomMembers(table, random);
        digests = new Digests(table);
        own = new OwnRecord(self, table, digests, time, health);
        table.inventory(own.ordinal(), Inventory.OWN_LOG);
        index = new HolderIndex(table, own.ordinal());
    }

    /** What a rumor was to this node. */
    enum Learned {
        NOTHING,
        NEW_MEMBER,
        /** Of a member that is known, in a new life. */
        RESTARTED,
        NEWER
    }

    MemberTable table() {
        return table;
    }

    Neighbours neighbours() {
        return neighbours;
    }

    Suspicions suspicions() {
        return suspicions;
    }

    LocalHealth health() {
        return health;
    }

    Digests digests() {
        return digests;
    }

    RandomMembers random() {
        return choice;
    }

    /** Members that are remembered though they do not count. */
    int tombstones() {
        return tombstones;
    }

    OwnRecord own() {
        return own;
    }

    HolderIndex index() {
        return index;
    }

    Rumor self() {
        return own.rumor();
    }

    int selfOrdinal() {
        return own.ordinal();
    }

    /** Whether this node and that member tell each other of inventories. */
    boolean sharesInventories(Member other) {
        return announce == Announce.CLUSTER
                || other.zone().equals(self().member().zone());
    }

    boolean isSelf(MemberId id) {
        return id.equals(self().id());
    }

    Rumor rumor(int member) {
        return member == selfOrdinal()
                ? self()
                : new Rumor(
                        table.member(member), table.incarnation(member), table.status(member), table.eligible(member));
    }

    /** With the accusers of a suspect. */
    Claim claim(int member) {
        List<MemberId> accusers = new ArrayList<>();
        for (int accuser : suspicions.accusers(member)) {
            if (table.isKnown(accuser)) {
                accusers.add(table.member(accuser).id());
            }
        }
        Member about = table.member(member);
        return new Claim(
                about.id(),
                about.epoch(),
                table.incarnation(member),
                table.status(member),
                table.eligible(member),
                accusers);
    }

    Version version(int member) {
        Inventory inventory = table.inventoryOrNull(member);
        return new Version(
                table.member(member).id(),
                table.member(member).epoch(),
                inventory == null ? 0 : inventory.version(),
                inventory == null ? 0 : inventory.nextSegment());
    }

    /** What does not work with the member, or empty. For any thread. */
    String problem(int member) {
        return problems.getOrDefault(member, "");
    }

    /** Empty: none. */
    void problem(int member, String text) {
        if (text.isEmpty()) {
            problems.remove(member);
        } else {
            problems.put(member, text);
        }
    }

    Learned learn(Rumor rumor) {
        if (isSelf(rumor.id())) {
            own.refute(rumor.claim(), rumor.member());
            return Learned.NOTHING;
        }
        int known = table.find(rumor.id());
        if (known == Directory.NONE) {
            return rumor.status().counts() && makeRoom() ? welcome(rumor) : Learned.NOTHING;
        }
        if (rumor.compareAge(epoch(known), table.incarnation(known), table.status(known)) <= 0) {
            return Learned.NOTHING;
        }
        boolean restarted = rumor.epoch() > epoch(known);
        change(known, rumor.member(), rumor.incarnation(), rumor.status(), rumor.eligible());
        return restarted ? Learned.RESTARTED : Learned.NEWER;
    }

    private long epoch(int member) {
        return table.member(member).epoch();
    }

    /** One about a member that is not known, or not in that life, says nothing. */
    Learned learn(Claim claim) {
        if (isSelf(claim.id())) {
            own.refute(claim, self().member());
            return Learned.NOTHING;
        }
        int known = table.find(claim.id());
        if (known == Directory.NONE || claim.epoch() != epoch(known)) {
            return Learned.NOTHING;
        }
        int age = Rumor.compareAge(
                claim.epoch(),
                claim.incarnation(),
                claim.status(),
                epoch(known),
                table.incarnation(known),
                table.status(known));
        if (age < 0) {
            return Learned.NOTHING;
        }
        if (age > 0) {
            change(known, table.member(known), claim.incarnation(), claim.status(), claim.eligible());
        }
        boolean more = false;
        if (claim.status() == Status.SUSPECT) {
            for (MemberId accuser : claim.accusers()) {
                more |= accuse(known, table.find(accuser));
            }
        }
        return age > 0 || more ? Learned.NEWER : Learned.NOTHING;
    }

    /** The accuser, which may be this node, cannot reach the subject. True if that is news. */
    boolean accuse(int subject, int accuser) {
        if (accuser == Directory.NONE || !table.counts(subject)) {
            return false;
        }
        boolean started = table.status(subject) == Status.ALIVE;
        if (started) {
            change(subject, table.member(subject), table.incarnation(subject), Status.SUSPECT, table.eligible(subject));
        }
        boolean counted = suspicions.accuse(subject, accuser, trust.believes(accuser));
        if (counted && accuser != selfOrdinal()) {
            trust.accused(accuser, time.now());
        }
        return started || counted;
    }

    /**
     * Another node holds for dead a member of the hash that this node has of it.
     *
     * @return whether that is news to others
     */
    boolean learnDeath(int subject, int from) {
        if (subject == selfOrdinal()) {
            own.refute(self().with(Status.DEAD).claim(), self().member());
        } else if (table.status(subject) == Status.ALIVE) {
            return accuse(subject, from);
        } else if (suspicions.age(subject, time.now()) >= REFUTATION) {
            declareDead(subject);
        }
        return false;
    }

    private void declareDead(int subject) {
        change(subject, table.member(subject), table.incarnation(subject), Status.DEAD, table.eligible(subject));
    }

    private Learned welcome(Rumor rumor) {
        int member = table.add(rumor.member(), rumor.incarnation(), rumor.status(), rumor.eligible());
        table.heard(member, time.now());
        digests.memberChanged(member, 0, 0);
        enter(member);
        if (rumor.status() == Status.SUSPECT) {
            suspicions.start(member, time.now());
        }
        outbox.add(new Effect.Changed(rumor.member(), rumor.status()));
        return Learned.NEW_MEMBER;
    }

    private void enter(int member) {
        table.setLive(member, true);
        neighbours.entered(member);
    }

    private void change(int member, Member next, long incarnation, Status status, boolean eligible) {
        Status before = table.status(member);
        boolean restarted = next.epoch() > epoch(member);
        if (restarted || !status.counts()) {
            clearInventory(member);
            problem(member, "");
        }
        if (before == Status.SUSPECT) {
            if (status == Status.ALIVE) {
                suspicions.accusers(member).forEach(accuser -> trust.refuted(accuser, time.now()));
            }
            suspicions.end(member);
        }
        long hash = digests.ofMember(member);
        long identity = digests.identity(member);
        table.set(member, next, incarnation, status, eligible);
        digests.memberChanged(member, hash, identity);
        table.heard(member, time.now());
        tombstones += (before.counts() ? 0 : -1) + (status.counts() ? 0 : 1);
        if (before.counts() && (!status.counts() || restarted)) {
            table.setLive(member, false);
            neighbours.left(member);
        }
        if (status.counts() && (!before.counts() || restarted)) {
            enter(member);
        }
        if (status == Status.SUSPECT) {
            suspicions.start(member, time.now());
        }
        if (restarted || status != before) {
            outbox.add(new Effect.Changed(next, status));
        }
    }

    private void clearInventory(int member) {
        Inventory inventory = table.inventoryOrNull(member);
        if (inventory != null) {
            long before = digests.ofInventory(member);
            index.retire(inventory.slot(), time.now());
            table.forgetInventory(member);
            digests.inventoryChanged(member, before);
        }
    }

    /** Room for one more member, if need be in place of the one that is longest dead. */
    private boolean makeRoom() {
        if (table.size() < Limits.MEMBERS) {
            return true;
        }
        int oldest = Directory.NONE;
        for (int member = 0; member < table.capacity(); member++) {
            if (table.isKnown(member)
                    && !table.counts(member)
                    && member != selfOrdinal()
                    && (oldest == Directory.NONE || table.heardAt(member) < table.heardAt(oldest))) {
                oldest = member;
            }
        }
        if (oldest == Directory.NONE) {
            return false;
        }
        forget(oldest);
        return true;
    }

    private void forget(int member) {
        problems.remove(member);
        tombstones--;
        table.remove(member);
    }

    /** Suspects that had time to refute it, declared dead. */
    List<Integer> declareDead() {
        List<Integer> expired = suspicions.expired(time.now(), table.liveCount());
        expired.forEach(this::declareDead);
        return expired;
    }

    long wakeAt() {
        return Math.min(index.wakeAt(), Math.min(suspicions.wakeAt(), trust.wakeAt()));
    }

    void tidy() {
        trust.tick(time.now());
        index.sweep(time.now());
    }

    void forgetOldTombstones() {
        for (int member = 0; tombstones > 0 && member < table.capacity(); member++) {
            if (table.isKnown(member)
                    && !table.counts(member)
                    && member != selfOrdinal()
                    && time.now() - table.heardAt(member) >= TOMBSTONE) {
                forget(member);
            }
        }
    }
}
