package ringpull.sim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.Address;
import ringpull.ring.Announce;
import ringpull.ring.Effect;
import ringpull.ring.Event;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.MemberState;
import ringpull.ring.Membership.Status;
import ringpull.ring.Ring;
import ringpull.ring.wire.WireLimits;

/** A place where a daemon runs, once or several times after another. */
public final class SimNode {
    public final int index;
    public final String cluster;
    public final Map<Digest, Long> blobs = new LinkedHashMap<>();

    /** What it saw change, if the simulation remembers. */
    public final List<Effect.Changed> seen = new ArrayList<>();

    final List<String> seeds;
    final MemberId id;
    final Address door;
    final Connections connections = new Connections();
    final Link uplink = new Link();
    final Link downlink = new Link();
    final Map<Long, Exchange> questions = new HashMap<>();
    boolean running;
    boolean paused;
    boolean left;
    /** Down without a word: who calls it hears nothing, not even a refusal. */
    boolean silent;

    long sent;
    long sentThisSecond;
    long acceptsAt;

    private final RingSimulation simulation;
    private final ArrayDeque<Event> whilePaused = new ArrayDeque<>();
    private long epoch;
    private long epochBefore;
    private int life;
    private String zone = "";
    private Announce announce = Announce.CLUSTER;
    private long clockAhead;
    private long slownessNanos;
    private long readyAt;
    private long startedAt;
    private long tickAt;
    private @Nullable Ring ring;

    SimNode(RingSimulation simulation, int index, String cluster, List<String> seeds) {
        this.simulation = simulation;
        this.index = index;
        this.cluster = cluster;
        this.seeds = seeds;
        id = new MemberId(String.format("%032x", 0xabc000L + index));
        door = new Address("10." + index / 62_500 + "." + index / 250 % 250 + "." + (1 + index % 250), 7746);
        epoch = 1_000L + index;
        clockAhead = index * 7_919L * RingSimulation.SECOND;
    }

    public Ring ring() {
        if (ring == null) {
            throw new IllegalStateException("never started");
        }
        return ring;
    }

    public boolean running() {
        return running;
    }

    public boolean paused() {
        return paused;
    }

    /** Whether its ring is through with leaving. */
    public boolean left() {
        return left;
    }

    /** Questions and answers that it sent. */
    public long sent() {
        return sent;
    }

    /** Of the life that runs, or ran last. */
    public long epoch() {
        return epoch;
    }

    /** Whether what is said of that epoch is about the life that runs; a wall clock may have gone back before it. */
    boolean isOfThisLife(long saidEpoch) {
        return saidEpoch > epochBefore || saidEpoch == ring().self().epoch();
    }

    boolean isSlow() {
        return slownessNanos > 0;
    }

    int life() {
        return life;
    }

    boolean isOn() {
        return running && !left;
    }

    public Member member() {
        return new Member(
                id,
                epoch,
                "node" + index,
                List.of(door.host()),
                door.port(),
                door.port() + 1,
                "",
                zone,
                List.of("tcp"));
    }

    /** Before its start: it stands in that zone. */
    public void in(String itsZone, Announce itsAnnounce) {
        zone = itsZone;
        announce = itsAnnounce;
    }

    public void start() {
        running = true;
        left = false;
        paused = false;
        silent = false;
        whilePaused.clear();
        questions.clear();
        connections.clear();
        readyAt = 0;
        startedAt = simulation.now() - simulation.random.nextLong(RingSimulation.TICK);
        tickAt = Long.MAX_VALUE;
        life++;
        ring = new Ring(
                cluster, member(), seeds, simulation.generator(index * 101L + life), announce, simulation.directory);
        simulation.started(this);
        blobs.forEach((digest, size) -> happen(new Event.Held(digest, size)));
        happen(new Event.Tick());
    }

    /** The driver ticks ten times a second; those ticks that would do nothing are left out. */
    private void planTick() {
        long wanted = Math.max(ring().wakeAt() - clockAhead, Math.max(simulation.now() + 1, readyAt));
        long ticks = Math.max(1, (wanted - startedAt + RingSimulation.TICK - 1) / RingSimulation.TICK);
        long at = startedAt + ticks * RingSimulation.TICK;
        if (at < tickAt) {
            tickAt = at;
            int ofLife = life;
            simulation.at(at, () -> tick(ofLife, at));
        }
    }

    private void tick(int ofLife, long at) {
        if (running && life == ofLife && tickAt == at) {
            tickAt = Long.MAX_VALUE;
            if (!paused) {
                happen(new Event.Tick());
            }
        }
    }

    /** As by kill -9: the host refuses who calls. */
    public void kill() {
        running = false;
        epochBefore = Math.max(epochBefore, ring().self().epoch());
        simulation.stopped(this);
    }

    /** As by a cut power line. */
    public void vanish() {
        silent = true;
        kill();
    }

    public void restart(long newEpoch) {
        if (running) {
            kill();
        }
        epoch = newEpoch;
        start();
    }

    /** As by SIGSTOP or a long collection of garbage. */
    public void pause() {
        paused = true;
    }

    public void resume() {
        paused = false;
        while (!whilePaused.isEmpty() && running) {
            happen(whilePaused.remove());
        }
        happen(new Event.Tick());
    }

    /** From here on it handles what comes to it so much later on average; 0: at once. */
    public void slow(double seconds) {
        slownessNanos = (long) (seconds * RingSimulation.SECOND);
    }

    /** Its monotonic clock leaps. */
    public void leap(double seconds) {
        clockAhead += (long) (seconds * RingSimulation.SECOND);
    }

    /** What its monotonic clock shows, in nanoseconds. */
    public long clock() {
        return simulation.now() + clockAhead;
    }

    /** Bytes a second of its link, either way. */
    public void link(double bytesPerSecond) {
        uplink.rate(bytesPerSecond);
        downlink.rate(bytesPerSecond);
    }

    public void unclog() {
        link(Link.FAST);
    }

    public void hold(Digest digest, long size) {
        blobs.put(digest, size);
        happen(new Event.Held(digest, size));
    }

    public void drop(Digest digest) {
        blobs.remove(digest);
        happen(new Event.Dropped(digest));
    }

    public void leave() {
        happen(new Event.Leave());
    }

    /** Now, or when it is no longer paused. */
    public void happen(Event event) {
        if (!paused) {
            for (Event told : simulation.tamper.told(this, event)) {
                List<Effect> effects = ring().handle(told, clock());
                simulation.tamper.done(this, effects).forEach(effect -> simulation.perform(this, effect));
            }
            planTick();
        } else if (whilePaused.size() < WireLimits.EVENTS) { // one beyond is dropped, as by the daemon
            whilePaused.add(event);
        }
    }

    /** Gives the event to this life of the node, late if it is slow. */
    void give(int toLife, Event event) {
        if (slownessNanos > 0 && readyAt - simulation.now() < slownessNanos * 100) {
            double late = -Math.log(1 - simulation.random.nextDouble()) * slownessNanos;
            readyAt = Math.max(readyAt, simulation.now() + (long) late);
            simulation.at(readyAt, () -> giveNow(toLife, event));
        } else {
            giveNow(toLife, event);
        }
    }

    private void giveNow(int toLife, Event event) {
        if (running && life == toLife) {
            happen(event);
        }
    }

    /** Whether it says that others may build on it. */
    public boolean isEligible() {
        return ring().members().getFirst().eligible();
    }

    public Status statusOf(SimNode other) {
        MemberState state = state(other);
        return state == null ? Status.LEFT : state.status();
    }

    public String problemOf(SimNode other) {
        MemberState state = state(other);
        return state == null ? "unknown member" : state.problem();
    }

    /** As it sees the other; null if it does not know it. */
    public @Nullable MemberState state(SimNode other) {
        for (MemberState state : ring().members()) {
            if (state.member().id().equals(other.id)) {
                return state;
            }
        }
        return null;
    }

    /** Whether it thinks that the other holds the blob. */
    public boolean knowsHolder(SimNode holder, Digest digest) {
        return ring().holders(digest).stream()
                .anyMatch(found -> found.member().id().equals(holder.id));
    }

    @Override
    public String toString() {
        return "node" + index;
    }
}
