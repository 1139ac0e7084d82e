package ringpull.swarm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * The chunks that are being read from neighbours. As many are in flight as the measured speed and delay call for; each comes
 * from the neighbour that is least asked, and is one of the rarest among a few. A read that stands still is asked for
 * elsewhere.
 */
final class Reads {
    private static final int WINDOW_LEAST = 12;
    private static final int WINDOW_MOST = 256;
    private static final int RUN_MOST = 8;

    /** Of the window, what may be in flight from other racks: their link is shared by all here, and may be a slow one. */
    private static final int ABROAD_SHARE = 8;

    private static final int SAMPLES = 5;
    private static final long RATE_SPAN = SwarmLimits.SECONDS;
    private static final long HEDGE_LEAST = 300 * SwarmLimits.MILLIS;
    private static final long REST = 30 * SwarmLimits.MILLIS;
    private static final int REFUSALS_MOST = 1;
    private static final long REST_MOST = 5 * SwarmLimits.SECONDS;

    private final Node node;
    private final Digest digest;
    private final Exchange exchange;

    /** Whether a chunk may be read from another rack. */
    private final IntPredicate fromAbroad;

    private final Map<Long, Read> reads = new LinkedHashMap<>();
    private int inFlight;
    private int inFlightAbroad;
    private int duplicates;
    private double landedPerSpan;
    private long landedAt;
    private long delayLeast = SwarmLimits.NEVER;
    private long delayMean;

    private static final class Read {
        final long id;
        final Neighbour from;
        final int end;
        int next;
        long movedAt;
        final long askedAt;
        boolean begun;
        boolean hedged;

        Read(long id, Neighbour from, int first, int end, long now) {
            this.id = id;
            this.from = from;
            this.next = first;
            this.end = end;
            this.movedAt = now;
            this.askedAt = now;
        }
    }

    Reads(Node node, Digest digest, Exchange exchange, IntPredicate fromAbroad) {
        this.node = node;
        this.digest = digest;
        this.exchange = exchange;
        this.fromAbroad = fromAbroad;
    }

    /** Asks for as much as may be in flight. */
    void fill() {
        int window = window();
        while (inFlight < window) {
            if (!readOne(window)) {
                return;
            }
        }
    }

    private int window() {
        double perSecond = landedPerSpan * Math.exp(-(double) (node.now() - landedAt) / RATE_SPAN);
        double delay = delayLeast == SwarmLimits.NEVER ? 0 : (double) delayLeast / SwarmLimits.SECONDS;
        return Math.clamp((long) Math.ceil(2 * perSecond * delay) + WINDOW_LEAST, WINDOW_LEAST, WINDOW_MOST);
    }

    private boolean readOne(int window) {
        int most = Math.max(2, window / 4);
        int abroad = Math.max(1, window / ABROAD_SHARE) - inFlightAbroad;
        List<Neighbour> ring = exchange.neighbours();
        long now = node.now();
        while (true) {
            Neighbour best = null;
            int at = ring.isEmpty() ? 0 : node.random().nextInt(ring.size());
            for (int i = 0; i < ring.size() && (best == null || best.inFlight > 0); i++) {
                Neighbour neighbour = ring.get(at);
                at = at + 1 == ring.size() ? 0 : at + 1;
                if (!neighbour.dry
                        && (abroad > 0 || !neighbour.abroad)
                        && neighbour.inFlight < (best == null ? most : best.inFlight)
                        && now >= neighbour.restsUntil) {
                    best = neighbour;
                }
            }
            if (best == null) {
                return false;
            }
            int chunk = choose(best);
            if (chunk < 0) {
                best.dry = true;
            } else {
                int end = chunk + 1;
                int room = best.abroad ? Math.min(abroad, most - best.inFlight) : most - best.inFlight;
                int runEnd = chunk + Math.clamp(Math.min(window / 8, room), 1, RUN_MOST);
                while (end < runEnd && end < exchange.chunks() && wanted(best, end)) {
                    end++;
                }
                read(best, chunk, end);
                return true;
            }
        }
    }

    private boolean wanted(Neighbour from, int chunk) {
        return from.has.get(chunk) && !exchange.taken().get(chunk) && (!from.abroad || fromAbroad.test(chunk));
    }

    /** One of the rarest chunks among a few that this neighbour has and we lack; -1 if there is none. */
    private int choose(Neighbour from) {
        if (from.abroad) {
            for (int chunk = next(from, 0); chunk >= 0; chunk = next(from, chunk + 1)) {
                if (fromAbroad.test(chunk)) {
                    return chunk;
                }
            }
            return -1;
        }
        int best = -1;
        for (int i = 0; i < SAMPLES; i++) {
            int chunk = next(from, node.random().nextInt(exchange.chunks()));
            if (chunk < 0) {
                chunk = next(from, 0);
            }
            if (chunk < 0) {
                return -1;
            }
            if (best < 0 || exchange.copies(chunk) < exchange.copies(best)) {
                best = chunk;
            }
        }
        return best;
    }

    private int next(Neighbour from, int at) {
        return from.has.nextWithout(exchange.taken(), at);
    }

    private Read read(Neighbour from, int first, int end) {
        Read read = new Read(node.random().nextLong(), from, first, end, node.now());
        reads.put(read.id, read);
        count(from, end - first);
        for (int chunk = first; chunk < end; chunk++) {
            exchange.taken().set(chunk);
        }
        node.effect(new Effect.ReadMember(digest, read.id, from.id, new Run(first, end)));
        return read;
    }

    boolean moved(long id) {
        Read read = reads.get(id);
        if (read != null) {
            read.movedAt = node.now();
            read.from.heardAt = node.now();
        }
        return read != null;
    }

    boolean isAbroad(long id) {
        Read read = reads.get(id);
        return read != null && read.from.abroad;
    }

    /** A chunk has landed; false if it was here already, or was not asked for. */
    boolean landed(long id, int chunk) {
        Read read = reads.get(id);
        if (read == null || chunk < read.next || chunk >= read.end) {
            return false;
        }
        if (!read.begun && !read.from.abroad) {
            // Later chunks of a read come right behind its first.
            read.begun = true;
            long delay = node.now() - read.askedAt;
            delayMean = delayMean == 0 ? delay : (7 * delayMean + delay) / 8;
            delayLeast = Math.min(delayLeast == SwarmLimits.NEVER ? delay : delayLeast + delayLeast / 256, delay);
        }
        landedPerSpan = landedPerSpan * Math.exp(-(double) (node.now() - landedAt) / RATE_SPAN) + 1;
        landedAt = node.now();
        count(read, chunk + 1);
        moved(id);
        boolean fresh = !exchange.here().get(chunk);
        exchange.landed(chunk);
        return fresh;
    }

    private void count(Read read, int next) {
        int gone = next - read.next;
        read.next = next;
        count(read.from, -gone);
    }

    private void count(Neighbour from, int chunks) {
        from.inFlight += chunks;
        inFlight += chunks;
        inFlightAbroad += from.abroad ? chunks : 0;
    }

    /** A read is over; what it did not bring is asked for elsewhere. */
    boolean ended(long id, Event.Outcome outcome, long pauseNanos) {
        Read read = reads.remove(id);
        if (read == null) {
            return false;
        }
        int missing = read.next;
        release(read);
        switch (outcome) {
            case DONE -> read.from.refusals = 0;
            case NOT_HELD -> exchange.lacks(read.from, missing);
            case BUSY -> {
                long rest = REST << Math.min(read.from.refusals++, REFUSALS_MOST);
                read.from.restsUntil = node.now() + Math.clamp(pauseNanos, rest, REST_MOST);
            }
            case CUT -> read.from.restsUntil = node.now() + REST;
            case REFUSED -> read.from.restsUntil = node.now() + REST_MOST;
        }
        return true;
    }

    private void release(Read read) {
        int first = read.next;
        count(read, read.end);
        for (int chunk = first; chunk < read.end; chunk++) {
            if (!onItsWay(chunk)) {
                exchange.release(chunk);
            }
        }
    }

    private boolean onItsWay(int chunk) {
        if (duplicates == 0) {
            return false;
        }
        for (Read other : reads.values()) {
            if (chunk >= other.next && chunk < other.end) {
                return true;
            }
        }
        return false;
    }

    void drop(MemberId member) {
        for (Read read : new ArrayList<>(reads.values())) {
            if (read.from.id.equals(member)) {
                cancel(read);
            }
        }
    }

    private void cancel(Read read) {
        reads.remove(read.id);
        release(read);
        node.effect(new Effect.Cancel(digest, read.id));
    }

    /** @return neighbours that let us wait for too long */
    List<MemberId> tick() {
        List<MemberId> slow = new ArrayList<>();
        long patience = Math.max(HEDGE_LEAST, 3 * delayMean);
        for (Read read : new ArrayList<>(reads.values())) {
            long still = node.now() - read.movedAt;
            long most = read.from.abroad ? SwarmLimits.ABROAD_STILL : Math.max(SwarmLimits.READ_STILL, 4 * delayMean);
            if (allHere(read)) {
                cancel(read);
            } else if (still > most) {
                slow.add(read.from.id);
            } else if (still > patience && !read.hedged && !read.from.abroad) {
                hedge(read);
            }
        }
        return slow;
    }

    private boolean allHere(Read read) {
        return exchange.here().nextClear(read.next) >= read.end;
    }

    /** Asks for the chunk that a slow read owes from somebody else, too; at most one chunk in a hundred comes twice. */
    private void hedge(Read slow) {
        int chunk = exchange.here().nextClear(slow.next);
        if (chunk >= slow.end || duplicates >= Math.max(1, exchange.chunks() / 100)) {
            return;
        }
        Neighbour other = null;
        for (Neighbour neighbour : exchange.neighbours()) {
            if (neighbour != slow.from
                    && neighbour.has.get(chunk)
                    && !neighbour.abroad // there each copy is dear
                    && (other == null || neighbour.inFlight < other.inFlight)) {
                other = neighbour;
            }
        }
        if (other != null) {
            slow.hedged = true;
            duplicates++;
            read(other, chunk, chunk + 1).hedged = true;
        }
    }

    void cancelAll() {
        new ArrayList<>(reads.values()).forEach(this::cancel);
    }
}
