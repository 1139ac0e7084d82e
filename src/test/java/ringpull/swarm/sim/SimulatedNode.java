package ringpull.swarm.sim;

import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Effect;
import ringpull.swarm.Event;
import ringpull.swarm.Message;
import ringpull.swarm.Reading;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;
import ringpull.swarm.Swarm;
import ringpull.swarm.Uploads;

/** A member: the shipping {@link Swarm}, a link, and a disk that is never slow. */
public final class SimulatedNode {
    private static final byte[] NOTHING = {};
    private static final long DISK = 3 * SwarmSimulation.MILLI;

    public final int index;
    public final MemberId id;
    final SwarmSimulation simulation;
    final String rack;

    /** Bytes a second; a slow node has less. */
    long linkBytes;

    /** Counts up when it dies. */
    int life;

    boolean alive = true;
    boolean started;
    boolean opened;
    Swarm swarm;
    private final Map<Long, Integer> reads = new HashMap<>();
    private final BitSet served = new BitSet();
    private final BitSet here = new BitSet();
    private final Map<Integer, Integer> parts = new HashMap<>();
    private final Deque<Upload> uploads = new ArrayDeque<>();
    private Uploads admitted = new Uploads();
    private boolean sending;
    private long downFree;
    private boolean ticking;

    double doneAt = -1;
    String alone = "";
    long received;
    long fromOrigin;
    long uploaded;
    long messages;
    long homeMessages;
    int queueMost;
    int refused;
    private int waiting;

    private record Upload(SimulatedNode reader, int readerLife, long read, int next, int end) {}

    SimulatedNode(SwarmSimulation simulation, int index, MemberId id, String rack, Swarm swarm) {
        this.simulation = simulation;
        this.index = index;
        this.id = id;
        this.rack = rack;
        this.swarm = swarm;
        this.linkBytes = simulation.scenario().linkBytes();
    }

    /** Seconds until it had all, or -1. */
    public double doneAt() {
        return doneAt;
    }

    public boolean alive() {
        return alive;
    }

    /** Why it went on without the swarm; empty if it did not. */
    public String alone() {
        return alone;
    }

    public int present() {
        return here.cardinality();
    }

    /** Bytes that it read from the origin. */
    public long fromOrigin() {
        return fromOrigin;
    }

    public String rack() {
        return rack;
    }

    /** Its link has this fraction of the others' speed. */
    public void slower(int times) {
        linkBytes /= times;
    }

    void happen(Event event) {
        if (!alive) {
            return;
        }
        List<Effect> effects = swarm.handle(event, simulation.now());
        effects.forEach(this::perform);
        if (!ticking && swarm.busy()) {
            ticking = true;
            int lived = life;
            simulation.after(SwarmSimulation.TICK, () -> tick(lived));
        }
    }

    private void tick(int lived) {
        ticking = false;
        if (lived == life) {
            happen(new Event.Tick());
        }
    }

    Event.Ended ended(long read, Event.Outcome outcome, long pauseNanos) {
        reads.remove(read);
        return new Event.Ended(simulation.digest(), read, outcome, pauseNanos);
    }

    private void perform(Effect effect) {
        simulation.trace(this, effect);
        Digest digest = simulation.digest();
        switch (effect) {
            case Effect.Send(MemberId to, Message message) -> simulation.deliver(this, to, message);
            case Effect.Open open -> {
                opened = true;
                happen(new Event.Opened(digest, List.of()));
            }
            case Effect.ReadOrigin(Digest d, long read, Run run) -> {
                reads.put(read, run.end());
                simulation.origin().read(this, read, run);
            }
            case Effect.ReadMember(Digest d, long read, MemberId from, Run run) -> {
                reads.put(read, run.end());
                int lived = life;
                SimulatedNode holder = simulation.node(from);
                if (simulation.cut(this, holder)) {
                    return; // a silent partition: the reader has to find out itself
                }
                simulation.after(simulation.rtt() / 2, () -> holder.asked(this, lived, read, run));
            }
            case Effect.Shorten(Digest d, long read, int end) ->
                reads.computeIfPresent(read, (r, e) -> Math.min(e, end));
            case Effect.Cancel(Digest d, long read) -> reads.remove(read);
            case Effect.Attest(Digest d, int chunk) -> {
                later(() -> {
                    served.set(chunk);
                    happen(new Event.Attested(
                            digest,
                            new Statement(
                                    new Reading(id, 1, 0, new Run(chunk, chunk + 1), List.of(digest), "", false),
                                    NOTHING,
                                    NOTHING)));
                });
            }
            case Effect.Check check -> {
                later(() -> {
                    served.set(check.chunk());
                    happen(new Event.Checked(digest, check.chunk(), true));
                });
            }
            case Effect.Present present -> {
                if (here.cardinality() != simulation.chunks()) {
                    throw new AssertionError(index + " claims all and has " + here.cardinality());
                }
                doneAt = simulation.now() / (double) SwarmSimulation.SECOND;
                simulation.done();
                happen(new Event.Proven(digest));
            }
            case Effect.Alone(Digest d, String reason) -> alone = reason;
        }
    }

    /** Hashing and writing take a moment. */
    private void later(Runnable task) {
        int lived = life;
        simulation.after(DISK, () -> {
            if (lived == life) {
                task.run();
            }
        });
    }

    boolean reading(long read) {
        return alive && reads.containsKey(read);
    }

    long endOf(long read) {
        return (long) reads.getOrDefault(read, 0) * Chunk.SIZE_BYTES;
    }

    /** Bytes of a chunk that an earlier stream brought. */
    int partOf(int chunk) {
        return parts.getOrDefault(chunk, 0);
    }

    void originBytes(long read, long offset, int length) {
        int chunk = (int) (offset / Chunk.SIZE_BYTES);
        int part = (int) (offset - (long) chunk * Chunk.SIZE_BYTES) + length;
        happen(new Event.Moved(simulation.digest(), read));
        parts.put(chunk, part);
        fromOrigin += length;
        if (part >= Chunk.range(chunk, simulation.bytes()).length()) {
            parts.remove(chunk);
            land(read, chunk);
        }
    }

    private void land(long read, int chunk) {
        here.set(chunk);
        happen(new Event.Landed(simulation.digest(), read, chunk));
    }

    private void asked(SimulatedNode reader, int readerLife, long read, Run run) {
        if (!alive) {
            if (simulation.resets()) {
                simulation.after(simulation.rtt() / 2, () -> fail(reader, readerLife, read, Event.Outcome.CUT));
            }
            return;
        }
        Upload upload = new Upload(reader, readerLife, read, run.first(), run.end());
        boolean waits = admitted.ask(reader.id, simulation.digest(), () -> {
            uploads.add(upload);
            waiting--;
        });
        if (!waits) {
            refused++;
            simulation.after(simulation.rtt() / 2, () -> fail(reader, readerLife, read, Event.Outcome.BUSY));
            return;
        }
        waiting++;
        admitted.next().forEach(Runnable::run);
        queueMost = Math.max(queueMost, waiting + uploads.size() + (sending ? 1 : 0));
        send();
    }

    private static void fail(SimulatedNode reader, int life, long read, Event.Outcome outcome) {
        if (reader.life == life && reader.reading(read)) {
            reader.happen(reader.ended(read, outcome, 0));
        }
    }

    /** Sends one chunk, then one of the next reader. */
    private void send() {
        if (sending) {
            return;
        }
        Upload upload = uploads.poll();
        while (upload != null && (upload.reader.life != upload.readerLife || !upload.reader.reading(upload.read))) {
            over(upload);
            upload = uploads.poll();
        }
        if (upload == null) {
            return;
        }
        Upload now = upload;
        long half = simulation.rtt() / 2;
        if (!served.get(now.next)) {
            over(now);
            simulation.after(half, () -> fail(now.reader, now.readerLife, now.read, Event.Outcome.NOT_HELD));
            send();
            return;
        }
        sending = true;
        int length = (int) Chunk.range(now.next, simulation.bytes()).length();
        long begun = simulation.now() + half;
        int lived = life;
        simulation.after(simulation.nanos(length, linkBytes), () -> {
            if (lived != life) {
                return;
            }
            sending = false;
            uploaded += length;
            simulation.links().carry(this, now.reader, length, () -> moved(now), () -> {
                if (lived == life) {
                    sent(now, length, begun);
                }
            });
            send();
        });
    }

    private static void moved(Upload upload) {
        if (upload.reader.life == upload.readerLife && upload.reader.reading(upload.read)) {
            upload.reader.happen(new Event.Moved(upload.reader.simulation.digest(), upload.read));
        }
    }

    private void sent(Upload now, int length, long begun) {
        boolean last = now.next + 1 == now.end;
        if (!simulation.cut(this, now.reader)) {
            long ended = simulation.now() + simulation.rtt() / 2;
            now.reader.receive(length, begun, ended, () -> arrived(now, last));
        }
        if (last) {
            over(now);
        } else {
            uploads.add(new Upload(now.reader, now.readerLife, now.read, now.next + 1, now.end));
        }
        send();
    }

    private void over(Upload upload) {
        admitted.end(upload.reader.id, simulation.digest());
        admitted.next().forEach(Runnable::run);
    }

    private static void arrived(Upload upload, boolean last) {
        SimulatedNode reader = upload.reader;
        if (reader.life == upload.readerLife && reader.reading(upload.read)) {
            reader.land(upload.read, upload.next);
            if (last && reader.reading(upload.read)) {
                reader.happen(reader.ended(upload.read, Event.Outcome.DONE, 0));
            }
        }
    }

    /** Bytes come in over this node's link, which carries one thing after another. */
    void receive(int length, long begun, long ended, Runnable then) {
        long start = Math.max(begun, downFree);
        downFree = Math.max(ended, start + simulation.nanos(length, linkBytes));
        int lived = life;
        simulation.at(downFree, () -> {
            if (lived == life) {
                received += length;
                then.run();
            }
        });
    }

    void die() {
        alive = false;
        life++;
        reads.clear();
        if (simulation.resets()) {
            for (Upload upload : uploads) {
                simulation.after(
                        simulation.rtt() / 2,
                        () -> fail(upload.reader, upload.readerLife, upload.read, Event.Outcome.CUT));
            }
        }
        uploads.clear();
        admitted = new Uploads();
        waiting = 0;
        sending = false;
    }
}
