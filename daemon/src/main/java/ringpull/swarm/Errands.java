package ringpull.swarm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;

/** The leases that a puller holds, and the reads from the origin that serve them. */
final class Errands {
    private static final int SLOTS = 4;
    private static final int FRUITLESS = 3;
    private static final long BACKOFF = 200 * SwarmLimits.MILLIS;
    private static final long BACKOFF_MOST = 5 * SwarmLimits.SECONDS;

    private final Node node;
    private final Digest digest;
    private final Registration standing;
    private final Map<Long, Errand> errands = new LinkedHashMap<>();
    private final Set<Long> ended = new LinkedHashSet<>();
    private Message.Trouble trouble = Message.Trouble.NONE;
    private long pausedUntil;
    private boolean refused;
    private int failures;

    /** A lease, and how far this node is with it. */
    private static final class Errand {
        Lease lease;
        int next;
        int end;
        long movedAt;
        int triedFrom = -1;
        int fruitless;
        boolean reading;

        Errand(Lease lease, long now) {
            this.lease = lease;
            this.next = lease.next();
            this.end = lease.end();
            this.movedAt = now;
        }
    }

    Errands(Node node, Digest digest, Registration standing) {
        this.node = node;
        this.digest = digest;
        this.standing = standing;
    }

    boolean busy() {
        return !errands.isEmpty();
    }

    List<Lease> leases() {
        return errands.values().stream()
                .map(e ->
                        new Lease(e.lease.id(), e.lease.kind(), e.lease.first(), e.next, e.end, node.now() - e.movedAt))
                .toList();
    }

    List<Long> ended() {
        return ended.stream().limit(SwarmLimits.LEASES).toList();
    }

    int slots(String source) {
        return refused
                        || node.now() < pausedUntil
                        || (source.isEmpty() && node.rack().isEmpty())
                ? 0
                : SLOTS;
    }

    Message.Trouble trouble() {
        return refused ? Message.Trouble.REFUSED : node.now() < pausedUntil ? trouble : Message.Trouble.NONE;
    }

    long pauseNanos() {
        return trouble == Message.Trouble.BUSY ? Math.max(0, pausedUntil - node.now()) : 0;
    }

    boolean reads(long read) {
        Errand errand = errands.get(read);
        return errand != null && errand.lease.kind() == Lease.Kind.ORIGIN;
    }

    boolean bringsFromAbroad(int chunk) {
        for (Errand e : errands.values()) {
            if (e.lease.kind() == Lease.Kind.ABROAD && chunk >= e.next && chunk < e.end) {
                return true;
            }
        }
        return false;
    }

    void granted(Message.Grant grant, @Nullable Exchange exchange) {
        Map<Long, Lease> told = new LinkedHashMap<>();
        grant.leases().forEach(lease -> told.put(lease.id(), lease));
        ended.removeIf(id -> !told.containsKey(id));
        for (Errand e : new ArrayList<>(errands.values())) {
            Lease lease = told.remove(e.lease.id());
            if (lease == null) {
                revoke(e);
                release(e.next, e.end, exchange);
            } else if (lease.end() < e.end) {
                int before = e.end;
                shorten(e, lease.end());
                release(Math.max(e.next, lease.end()), before, exchange);
            }
        }
        for (Lease lease : told.values()) {
            if (!ended.contains(lease.id()) && errands.size() < SwarmLimits.LEASES) {
                Errand errand = new Errand(lease, node.now());
                errands.put(lease.id(), errand);
                read(errand, exchange);
            }
        }
    }

    private void revoke(Errand e) {
        errands.remove(e.lease.id());
        if (e.reading) {
            node.effect(new Effect.Cancel(digest, e.lease.id()));
        }
    }

    private void shorten(Errand e, int end) {
        e.end = Math.max(end, e.next);
        if (e.next >= e.end) {
            revoke(e);
            ended.add(e.lease.id());
        } else if (e.reading) {
            node.effect(new Effect.Shorten(digest, e.lease.id(), e.end));
        }
    }

    /** What has landed is not read again, though it may not be attested yet. */
    private void read(Errand e, @Nullable Exchange exchange) {
        int first = exchange == null ? e.next : exchange.here().nextClear(e.next);
        if (e.lease.kind() == Lease.Kind.ORIGIN && !e.reading && first < e.end) {
            e.reading = true;
            e.fruitless = e.triedFrom == first ? e.fruitless + 1 : 0;
            e.triedFrom = first;
            node.effect(new Effect.ReadOrigin(digest, e.lease.id(), new Run(first, e.end)));
        }
    }

    /** The blob's size became known, or new leases came: no other way is to bring these chunks. */
    void settle(Exchange exchange) {
        for (Errand e : errands.values()) {
            e.end = Math.min(e.end, exchange.chunks());
            if (e.lease.kind() == Lease.Kind.ORIGIN) {
                for (int chunk = e.next; chunk < e.end; chunk++) {
                    exchange.taken().set(chunk);
                }
            }
        }
        progress(exchange.held());
    }

    void moved(long read) {
        Errand e = errands.get(read);
        if (e != null) {
            e.movedAt = node.now();
        }
    }

    /** Bytes come from another rack: chunks that wait for their turn on the same link do not stand still. */
    void movedAbroad() {
        for (Errand e : errands.values()) {
            if (e.lease.kind() == Lease.Kind.ABROAD) {
                e.movedAt = node.now();
            }
        }
    }

    /** More is held. */
    void progress(ChunkBits held) {
        for (Errand e : new ArrayList<>(errands.values())) {
            int next = Math.min(e.end, Math.max(e.next, held.nextClear(e.next)));
            if (next > e.next) {
                e.next = next;
                e.movedAt = node.now();
                failures = 0;
            }
            if (e.next >= e.end && (!e.reading || e.lease.kind() == Lease.Kind.ABROAD)) {
                finish(e);
            }
        }
    }

    private void finish(Errand e) {
        errands.remove(e.lease.id());
        ended.add(e.lease.id());
        standing.soon();
    }

    void ended(long read, Event.Outcome outcome, long pauseNanos, @Nullable Exchange exchange) {
        Errand e = errands.get(read);
        if (e == null || !e.reading) {
            return;
        }
        e.reading = false;
        switch (outcome) {
            case DONE -> {
                if (exchange != null) {
                    progress(exchange.held());
                }
                if (errands.containsKey(read)) {
                    again(e, exchange);
                }
            }
            case CUT -> again(e, exchange);
            case BUSY -> {
                trouble = Message.Trouble.BUSY;
                giveBack(e, Math.max(pauseNanos, BACKOFF), exchange);
            }
            case NOT_HELD, REFUSED -> {
                refused = true;
                giveBack(e, 0, exchange);
            }
        }
    }

    /** The stream broke off: goes on, unless it broke off again and again at the same place. */
    private void again(Errand e, @Nullable Exchange exchange) {
        if (e.fruitless < FRUITLESS) {
            read(e, exchange);
        } else {
            failures = Math.min(failures + 1, 5);
            trouble = Message.Trouble.NONE;
            giveBack(e, Math.min(BACKOFF << failures, BACKOFF_MOST), exchange);
        }
    }

    private void giveBack(Errand e, long pauseNanos, @Nullable Exchange exchange) {
        pausedUntil = Math.max(pausedUntil, node.now() + pauseNanos);
        finish(e);
        release(e.next, e.end, exchange);
    }

    /** Chunks that this node does not bring: they may come from neighbours. */
    private static void release(int first, int end, @Nullable Exchange exchange) {
        if (exchange != null) {
            for (int chunk = first; chunk < Math.min(end, exchange.chunks()); chunk++) {
                exchange.release(chunk);
            }
        }
    }

    void tick(boolean over) {
        if (pausedUntil != 0 && node.now() >= pausedUntil && !over) {
            pausedUntil = 0;
            trouble = Message.Trouble.NONE;
            standing.soon();
        }
    }

    void cancelAll() {
        for (Errand e : new ArrayList<>(errands.values())) {
            revoke(e);
            ended.add(e.lease.id());
        }
        standing.soon();
    }
}
