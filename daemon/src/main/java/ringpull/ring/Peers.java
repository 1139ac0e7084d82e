package ringpull.ring;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import ringpull.ring.Membership.Status;

/** All members that this node knows, and itself. Written by the ring's own thread; read by any. */
final class Peers {
    /** Least time between suspicion and death; more in a large ring, because the refutation has farther to go. */
    static final long SUSPICION = 4 * Time.SECONDS;

    /** How long the dead and those that left are remembered. */
    static final long TOMBSTONE = 3_600 * Time.SECONDS;

    private static final long CONFLICT_SHOWN = 60 * Time.SECONDS;

    private final ConcurrentHashMap<MemberId, Peer> peers = new ConcurrentHashMap<>();
    private final List<Peer> live = new ArrayList<>();
    private final List<Peer> suspects = new ArrayList<>();
    private final HolderIndex index = new HolderIndex(this);
    private final Peer self;
    private final Time time;
    private final Outbox outbox;
    private final RandomGenerator random;
    private int nextProbed;
    private String conflict = "";
    private long conflictAt;

    Peers(Member self, Time time, Outbox outbox, RandomGenerator random) {
        this.self = new Peer(new Rumor(self, 0, Status.ALIVE), time.now());
        this.time = time;
        this.outbox = outbox;
        this.random = random;
    }

    /** What a rumor was to this node. */
    enum Learned {
        NOTHING,
        NEW_MEMBER,
        NEWER
    }

    Peer self() {
        return self;
    }

    HolderIndex index() {
        return index;
    }

    @Nullable
    Peer get(MemberId id) {
        return peers.get(id);
    }

    boolean isSelf(MemberId id) {
        return id.equals(self.id());
    }

    /** All but this node. */
    Iterable<Peer> others() {
        return peers.values();
    }

    /** Members other than this one that are alive or suspect. */
    List<Peer> live() {
        return Collections.unmodifiableList(live);
    }

    List<Membership.MemberState> states() {
        List<Membership.MemberState> states = new ArrayList<>();
        self.heard(time.now());
        states.add(self.state(time.now()));
        peers.values().forEach(peer -> states.add(peer.state(time.now())));
        return List.copyOf(states);
    }

    Learned learn(Rumor rumor) {
        if (isSelf(rumor.id())) {
            refute(rumor);
            return Learned.NOTHING;
        }
        Peer peer = peers.get(rumor.id());
        if (peer == null) {
            return rumor.status().counts() && makeRoom() ? welcome(rumor) : Learned.NOTHING;
        }
        if (!rumor.newerThan(peer.rumor())) {
            return Learned.NOTHING;
        }
        change(peer, rumor);
        return Learned.NEWER;
    }

    private Learned welcome(Rumor rumor) {
        Peer peer = new Peer(rumor, time.now());
        peers.put(rumor.id(), peer);
        enter(peer);
        outbox.add(new Effect.Changed(rumor.member(), rumor.status()));
        return Learned.NEW_MEMBER;
    }

    private void change(Peer peer, Rumor rumor) {
        Rumor before = peer.rumor();
        boolean restarted = rumor.epoch() > before.epoch();
        if (restarted || !rumor.status().counts()) {
            peer.inventory().clear(index.of(before));
            peer.inventoryChanged();
            peer.problem("");
        }
        boolean counted = peer.counts();
        suspects.remove(peer);
        peer.become(rumor, time.now());
        peer.heard(time.now());
        if (counted && !peer.counts()) {
            live.remove(peer);
        } else if (!counted && peer.counts()) {
            enter(peer);
        } else if (rumor.status() == Status.SUSPECT) {
            suspects.add(peer);
        }
        if (restarted || rumor.status() != before.status()) {
            outbox.add(new Effect.Changed(rumor.member(), rumor.status()));
        }
    }

    private void enter(Peer peer) {
        live.add(random.nextInt(live.size() + 1), peer);
        if (peer.rumor().status() == Status.SUSPECT) {
            suspects.add(peer);
        }
    }

    /** Room for one more member, if need be in place of the one that is longest dead. */
    private boolean makeRoom() {
        if (peers.size() < Limits.MEMBERS) {
            return true;
        }
        Optional<Peer> oldest =
                peers.values().stream().filter(peer -> !peer.counts()).min(Comparator.comparingLong(Peer::changedAt));
        oldest.ifPresent(peer -> peers.remove(peer.id()));
        return oldest.isPresent();
    }

    /** Others are wrong about this node, or this node was here before with a higher epoch. */
    private void refute(Rumor rumor) {
        Rumor own = self.rumor();
        if (!rumor.newerThan(own) || own.status() == Status.LEFT) {
            return;
        }
        if (rumor.epoch() > own.epoch() && !sameDoor(rumor.member(), own.member())) {
            conflict = Limits.tame("another daemon has this node's member id: "
                    + rumor.member().name() + " at "
                    + rumor.controlAddresses().getFirst()
                    + "; give each node a certificate of its own, or, where there are none and the state directory was"
                    + " copied, delete the id file in the copy; then restart it");
            conflictAt = time.now();
            return;
        }
        long epoch = rumor.epoch();
        long incarnation = rumor.incarnation() + 1;
        if (epoch > own.epoch() || incarnation > Limits.COUNTER) {
            epoch = Math.min(epoch + 1, Limits.COUNTER);
            incarnation = 0;
        }
        self.become(new Rumor(own.member().withEpoch(epoch), incarnation, Status.ALIVE), time.now());
    }

    private static boolean sameDoor(Member one, Member other) {
        return one.controlPort() == other.controlPort() && !Collections.disjoint(one.addresses(), other.addresses());
    }

    /** Another daemon that was heard of lately with this node's id; or empty. */
    String conflict() {
        return time.now() - conflictAt < CONFLICT_SHOWN ? conflict : "";
    }

    /** This node goes. */
    void leave() {
        self.become(self.rumor().with(Status.LEFT), time.now());
    }

    /** Suspects that had time to refute it, declared dead. */
    List<Peer> declareDead() {
        long patience = (long) (SUSPICION * Math.max(1, Math.log10(live.size() + 1.0)));
        List<Peer> dead = suspects.stream()
                .filter(peer -> time.now() - peer.changedAt() >= patience)
                .toList();
        dead.forEach(peer -> change(peer, peer.rumor().with(Status.DEAD)));
        return dead;
    }

    void forgetOldTombstones() {
        peers.values().removeIf(peer -> !peer.counts() && time.now() - peer.changedAt() >= TOMBSTONE);
    }

    /** Members in a random order, each once before any comes again; null if there are none. */
    @Nullable
    Peer nextToProbe() {
        if (nextProbed >= live.size()) {
            nextProbed = 0;
            shuffle(live);
        }
        return live.isEmpty() ? null : live.get(nextProbed++);
    }

    /** Random live members that satisfy the condition, fewer if there are not so many. */
    List<Peer> pick(int most, Predicate<Peer> condition) {
        return pick(live, most, condition);
    }

    /** A random one of the dead, in case it is only out of reach. */
    List<Peer> pickDead() {
        List<Peer> dead = peers.values().stream()
                .filter(peer -> peer.rumor().status() == Status.DEAD)
                .toList();
        return pick(dead, 1, peer -> true);
    }

    private List<Peer> pick(List<Peer> from, int most, Predicate<Peer> condition) {
        List<Peer> picked = new ArrayList<>();
        int start = from.isEmpty() ? 0 : random.nextInt(from.size());
        int step = from.size() < 3 ? 1 : coprime(from.size());
        for (int i = 0; i < from.size() && picked.size() < most; i++) {
            Peer peer = from.get((int) ((start + (long) i * step) % from.size()));
            if (condition.test(peer)) {
                picked.add(peer);
            }
        }
        return picked;
    }

    /** A random step that visits all of so many places. */
    private int coprime(int places) {
        int step = 1 + random.nextInt(places - 1);
        while (gcd(step, places) != 1) {
            step = 1 + step % (places - 1);
        }
        return step;
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    private void shuffle(List<Peer> list) {
        for (int i = list.size() - 1; i > 0; i--) {
            Collections.swap(list, i, random.nextInt(i + 1));
        }
    }
}
