package ringpull.ring;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
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

    private static final long CONFLICT_SHOWN = 60 * Time.SECONDS;
    private static final int TRIES = 30;

    private final MemberTable table;
    private final HashTree membersTree = new HashTree();
    private final HashTree inventoriesTree = new HashTree();
    private final Suspicions suspicions = new Suspicions();
    private final Trust trust = new Trust();
    private final LocalHealth health = new LocalHealth();
    private final Neighbours neighbours;
    private final Map<Integer, String> problems = new ConcurrentHashMap<>();
    private final HolderIndex index;
    private final Inventory ownInventory = new Inventory();
    private final int selfOrdinal;
    private final Time time;
    private final Outbox outbox;
    private final RandomGenerator random;
    private volatile Rumor self;
    private int tombstones;
    private String conflict = "";
    private long conflictAt;

    Peers(Member self, Directory directory, Time time, Outbox outbox, RandomGenerator random) {
        this.self = new Rumor(self, 0, Status.ALIVE);
        this.time = time;
        this.outbox = outbox;
        this.random = random;
        table = new MemberTable(directory);
        neighbours = new Neighbours(table, self, random);
        index = new HolderIndex(table);
        selfOrdinal = table.add(self, 0, Status.ALIVE, false);
        membersTree.toggle(table.bucket(selfOrdinal), memberHash(selfOrdinal));
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

    HashTree membersTree() {
        return membersTree;
    }

    HashTree inventoriesTree() {
        return inventoriesTree;
    }

    HolderIndex index() {
        return index;
    }

    Rumor self() {
        return self;
    }

    int selfOrdinal() {
        return selfOrdinal;
    }

    boolean isSelf(MemberId id) {
        return id.equals(self.id());
    }

    Rumor rumor(int member) {
        return member == selfOrdinal
                ? self
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

    Inventory inventory(int member) {
        return member == selfOrdinal ? ownInventory : table.inventory(member);
    }

    Version version(int member) {
        Inventory inventory = member == selfOrdinal ? ownInventory : table.inventoryOrNull(member);
        return new Version(
                table.member(member).id(),
                table.member(member).epoch(),
                inventory == null ? 0 : inventory.version(),
                inventory == null ? 0 : inventory.base());
    }

    /** For any thread. */
    List<Membership.MemberState> states() {
        List<Membership.MemberState> states = new ArrayList<>();
        states.add(state(selfOrdinal, self.member()));
        for (int member = 0; member < table.capacity(); member++) {
            Member known = member == selfOrdinal ? null : table.memberOrNull(member);
            if (known != null) {
                states.add(state(member, known));
            }
        }
        return List.copyOf(states);
    }

    private Membership.MemberState state(int member, Member known) {
        boolean own = member == selfOrdinal;
        Inventory inventory = own ? ownInventory : table.inventoryOrNull(member);
        List<Member> accusers = new ArrayList<>();
        for (int accuser : suspicions.accusers(member)) {
            Member accusing = table.memberOrNull(accuser);
            if (accusing != null) {
                accusers.add(accusing);
            }
        }
        return new Membership.MemberState(
                known,
                own ? self.status() : table.status(member),
                problems.getOrDefault(member, ""),
                inventory == null ? 0 : inventory.held(),
                own ? Duration.ZERO : Duration.ofNanos(Math.max(0, time.now() - table.heardAt(member))),
                table.eligible(member),
                own ? health.score() : table.health(member),
                accusers);
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
            refute(rumor.claim(), rumor.member());
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
            refute(claim, self.member());
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
            change(
                    subject,
                    table.member(subject),
                    table.incarnation(subject),
                    Status.SUSPECT,
                    table.eligible(subject));
        }
        boolean counted = suspicions.accuse(subject, accuser, trust.believes(accuser));
        if (counted && accuser != selfOrdinal) {
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
        if (subject == selfOrdinal) {
            refute(self.with(Status.DEAD).claim(), self.member());
        } else if (table.status(subject) == Status.ALIVE) {
            return accuse(subject, from);
        } else if (suspicions.age(subject, time.now()) >= REFUTATION) {
            declareDead(subject);
        }
        return false;
    }

    private void declareDead(int subject) {
        change(
                subject,
                table.member(subject),
                table.incarnation(subject),
                Status.DEAD,
                table.eligible(subject));
    }

    private Learned welcome(Rumor rumor) {
        int member = table.add(rumor.member(), rumor.incarnation(), rumor.status(), rumor.eligible());
        table.heard(member, time.now());
        membersTree.toggle(table.bucket(member), memberHash(member));
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
        long hash = memberHash(member);
        table.set(member, next, incarnation, status, eligible);
        membersTree.toggle(table.bucket(member), hash ^ memberHash(member));
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

    /** The hash of a member's entry in the tree; zero if it does not count. */
    long memberHash(int member) {
        return table.counts(member) ? memberHash(member, table.incarnation(member), table.eligible(member)) : 0;
    }

    /** The one that it has, or had or would have with these. */
    long memberHash(int member, long incarnation, boolean eligible) {
        return Fingerprint.mix(table.key(member) + Fingerprint.mix(epoch(member) << 1 | (eligible ? 1 : 0))
                + Fingerprint.mix(~incarnation));
    }

    /** The hash of its inventory's entry in the tree; zero if there is nothing in it. */
    long inventoryHash(int member) {
        Inventory inventory = member == selfOrdinal ? ownInventory : table.inventoryOrNull(member);
        return inventory == null || inventory.version() == 0
                ? 0
                : Fingerprint.mix(
                        table.key(member) + Fingerprint.mix(epoch(member)) + Fingerprint.mix(~inventory.version()));
    }

    /** To be called when an inventory has changed, with its hash before. */
    void inventoryChanged(int member, long hashBefore) {
        inventoriesTree.toggle(table.bucket(member), hashBefore ^ inventoryHash(member));
    }

    private void clearInventory(int member) {
        Inventory inventory = table.inventoryOrNull(member);
        if (inventory != null) {
            long before = inventoryHash(member);
            inventory.clear(index.of(member));
            inventoryChanged(member, before);
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
                    && member != selfOrdinal
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
        index.forget(member);
        table.remove(member);
    }

    /** Others are wrong about this node, or this node was here before with a higher epoch. */
    private void refute(Claim claim, Member as) {
        Rumor own = self;
        boolean newer = own.compareAge(claim.epoch(), claim.incarnation(), claim.status()) < 0;
        if (!newer || own.status() == Status.LEFT) {
            return;
        }
        if (claim.epoch() > own.epoch() && !sameDoor(as, own.member())) {
            conflict = Limits.tame("another daemon has this node's member id: "
                    + as.name() + " at "
                    + Rumor.controlAddresses(as).getFirst()
                    + "; if the state directory was copied, delete the id file in the copy and restart");
            conflictAt = time.now();
            return;
        }
        if (claim.status() == Status.SUSPECT || claim.status() == Status.DEAD) {
            health.worse(1);
        }
        long epoch = claim.epoch();
        long incarnation = claim.incarnation() + 1;
        if (epoch > own.epoch() || incarnation > Limits.INCARNATIONS) {
            epoch = Math.min(epoch + 1, Limits.COUNTER);
            incarnation = 0;
        }
        become(new Rumor(own.member().withEpoch(epoch), incarnation, Status.ALIVE, own.eligible()));
    }

    private void become(Rumor next) {
        long member = memberHash(selfOrdinal);
        long inventory = inventoryHash(selfOrdinal);
        self = next;
        table.set(selfOrdinal, next.member(), next.incarnation(), next.status(), next.eligible());
        membersTree.toggle(table.bucket(selfOrdinal), member ^ memberHash(selfOrdinal));
        inventoryChanged(selfOrdinal, inventory);
    }

    private static boolean sameDoor(Member one, Member other) {
        return one.controlPort() == other.controlPort() && !Collections.disjoint(one.addresses(), other.addresses());
    }

    /** Another daemon that was heard of lately with this node's id; or empty. */
    String conflict() {
        return time.now() - conflictAt < CONFLICT_SHOWN ? conflict : "";
    }

    /** This node knows the whole ring: others may build on it. */
    void becomeEligible() {
        become(new Rumor(self.member(), self.incarnation() + 1, Status.ALIVE, true));
    }

    /** This node goes. */
    void leave() {
        become(new Rumor(self.member(), self.incarnation(), Status.LEFT, false));
    }

    /** Suspects that had time to refute it, declared dead. */
    List<Integer> declareDead() {
        List<Integer> expired = suspicions.expired(time.now(), table.liveCount());
        expired.forEach(this::declareDead);
        return expired;
    }

    long wakeAt() {
        return Math.min(suspicions.wakeAt(), trust.wakeAt());
    }

    void trustAgain() {
        trust.tick(time.now());
    }

    void forgetOldTombstones() {
        for (int member = 0; tombstones > 0 && member < table.capacity(); member++) {
            if (table.isKnown(member)
                    && !table.counts(member)
                    && member != selfOrdinal
                    && time.now() - table.heardAt(member) >= TOMBSTONE) {
                forget(member);
            }
        }
    }

    /** Random live members that satisfy the condition; perhaps fewer. */
    List<Integer> pick(int most, IntPredicate condition) {
        List<Integer> picked = new ArrayList<>();
        int count = table.liveCount();
        if (count <= TRIES) {
            int start = count == 0 ? 0 : random.nextInt(count);
            for (int i = 0; i < count; i++) {
                int member = table.live((start + i) % count);
                if (condition.test(member)) {
                    picked.add(member);
                }
            }
            shuffle(picked);
            return picked.size() <= most ? picked : picked.subList(0, most);
        }
        for (int i = 0; i < TRIES && picked.size() < most; i++) {
            int member = table.live(random.nextInt(count));
            if (condition.test(member) && !picked.contains(member)) {
                picked.add(member);
            }
        }
        return picked;
    }

    /** A random one of the dead, in case it is only out of reach; {@link Directory#NONE} if nobody is dead. */
    int anyDead() {
        if (tombstones == 0) {
            return Directory.NONE;
        }
        int start = random.nextInt(table.capacity());
        for (int i = 0; i < table.capacity(); i++) {
            int member = (start + i) % table.capacity();
            if (table.isKnown(member) && table.status(member) == Status.DEAD) {
                return member;
            }
        }
        return Directory.NONE;
    }

    private void shuffle(List<Integer> list) {
        for (int i = list.size() - 1; i > 0; i--) {
            Collections.swap(list, i, random.nextInt(i + 1));
        }
    }
}
