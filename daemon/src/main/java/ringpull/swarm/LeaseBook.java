package ringpull.swarm;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.swarm.Client.Granted;

/**
 * Which chunks of a blob somebody has, which somebody brings, and which are left: leased in runs, large ones first and
 * small ones at the end, so that all holders end together whatever their speeds.
 */
final class LeaseBook {
    /** A lease with less than this left is not worth dividing. */
    private static final int DIVIDE_LEAST = 4;

    private final ChunkBits covered;
    private final Map<Long, Granted> leases = new LinkedHashMap<>();
    private ChunkBits busy;

    /** Chunks that were covered by members that are gone; perhaps others have them. */
    private ChunkBits orphans;

    /** Nanoseconds a chunk takes, as leases that ended showed; 0 while none has. */
    private long pace;

    LeaseBook(int chunks) {
        covered = new ChunkBits(chunks);
        busy = new ChunkBits(chunks);
        orphans = new ChunkBits(chunks);
    }

    int chunks() {
        return covered.size();
    }

    ChunkBits covered() {
        return covered;
    }

    boolean complete() {
        return covered.full();
    }

    Collection<Granted> leases() {
        return leases.values();
    }

    long count(Lease.Kind kind) {
        return leases.values().stream().filter(g -> g.kind == kind).count();
    }

    @Nullable
    Granted get(long id) {
        return leases.get(id);
    }

    void cover(Run run) {
        covered.setAll(run);
        busy.setAll(run);
    }

    void cover(List<Run> runs) {
        runs.forEach(this::cover);
    }

    /** A holder says how far it is. */
    void progress(Granted granted, Lease told, long now) {
        int next = Math.min(told.next(), granted.end);
        if (next > granted.next) {
            cover(new Run(granted.next, next));
            granted.next = next;
        }
        granted.movedAt = Math.max(granted.movedAt, now - told.stillNanos());
    }

    /** A lease of an earlier home goes on if nobody else has the run; false if somebody has. */
    boolean adopt(Client holder, Lease told, long now) {
        int end = Math.min(told.end(), chunks());
        if (told.next() >= end) {
            return false;
        }
        for (Granted other : leases.values()) {
            if (told.next() < other.end && other.next < end) {
                return false;
            }
        }
        Granted granted = new Granted(told.id(), holder, told.kind(), told.first(), end, now);
        granted.next = told.first();
        add(granted);
        progress(granted, told, now);
        return true;
    }

    private void add(Granted granted) {
        leases.put(granted.id, granted);
        granted.holder.leases.put(granted.id, granted);
        granted.holder.begins(granted);
        busy.setAll(new Run(granted.first, granted.end));
    }

    /** How many chunks are neither here nor on their way, of these. */
    int free(@Nullable ChunkBits of) {
        if (of == null) {
            return chunks() - busy.count();
        }
        int free = 0;
        for (int at = of.nextWithout(busy, 0); at >= 0; at = of.nextWithout(busy, at + 1)) {
            free++;
        }
        return free;
    }

    /**
     * Leases the next run.
     *
     * @param of the chunks that may be leased; null: all
     * @param streams that share what is left
     */
    @Nullable
    Granted grant(
            Client holder,
            Lease.Kind kind,
            @Nullable ChunkBits of,
            int streams,
            long id,
            boolean spareOrphans,
            long now) {
        int first = nextFree(of, 0, spareOrphans);
        if (first < 0) {
            return null;
        }
        int share = Math.ceilDiv(free(of), 2 * Math.max(1, streams));
        int most = first + Math.clamp(share, 1, holder.runMost());
        int end = first + 1;
        while (end < most && nextFree(of, end, spareOrphans) == end) {
            end++;
        }
        Granted granted = new Granted(id, holder, kind, first, end, now);
        add(granted);
        return granted;
    }

    private int nextFree(@Nullable ChunkBits of, int from, boolean spareOrphans) {
        int at = from;
        while (at < chunks()) {
            at = of == null ? busy.nextClear(at) : of.nextWithout(busy, at);
            if (at < 0 || at >= chunks()) {
                return -1;
            }
            if (!spareOrphans || !orphans.get(at)) {
                return at;
            }
            at++;
        }
        return -1;
    }

    /** Takes the second half of the lease that keeps the others waiting, if there is one. */
    @Nullable
    Granted divide(Client holder, Lease.Kind kind, long id, long now) {
        Granted slowest = null;
        for (Granted g : leases.values()) {
            boolean slow = pace > 0 && (now - g.grantedAt) / (g.next - g.first + 1) > 3 * pace;
            if (g.kind == kind
                    && g.holder != holder
                    && slow
                    && g.end - g.next >= DIVIDE_LEAST
                    && (slowest == null || g.end - g.next > slowest.end - slowest.next)) {
                slowest = g;
            }
        }
        if (slowest == null) {
            return null;
        }
        int middle = slowest.next + (slowest.end - slowest.next) / 2;
        Granted half = new Granted(id, holder, kind, middle, slowest.end, now);
        slowest.end = middle;
        add(half);
        return half;
    }

    /** A lease is over; what it did not bring is free again. */
    void end(Granted granted, long now) {
        if (leases.remove(granted.id) == null) {
            return;
        }
        granted.holder.leases.remove(granted.id);
        granted.next = Math.max(granted.next, Math.min(granted.end, covered.nextClear(granted.next)));
        int brought = granted.next - granted.first;
        granted.holder.ends(granted, now);
        if (brought > 0) {
            long took = (now - granted.grantedAt) / brought;
            pace = pace == 0 ? took : (3 * pace + took) / 4;
        }
        if (granted.next < granted.end) {
            refresh();
        }
    }

    /**
     * Only these are to come from the origin any more.
     *
     * @return whose runs end sooner for it
     */
    List<Client> trim(ChunkBits leased, long now) {
        List<Client> holders = new ArrayList<>();
        for (Granted g : List.copyOf(leases.values())) {
            int end = g.next;
            while (end < g.end && leased.get(end)) {
                end++;
            }
            if (g.kind == Lease.Kind.ORIGIN && end < g.end) {
                holders.add(g.holder);
                g.end = end;
                refresh();
                if (end == g.next) {
                    end(g, now);
                }
            }
        }
        return holders;
    }

    List<Granted> stuck(long now) {
        List<Granted> stuck = new ArrayList<>();
        for (Granted g : leases.values()) {
            if (now - g.movedAt > (g.kind == Lease.Kind.ABROAD ? SwarmLimits.ABROAD_STILL : SwarmLimits.LEASE_STILL)) {
                stuck.add(g);
            }
        }
        return stuck;
    }

    private void refresh() {
        ChunkBits fresh = new ChunkBits(chunks());
        fresh.addAll(covered);
        for (Granted g : leases.values()) {
            fresh.setAll(new Run(g.first, g.end));
        }
        busy = fresh;
    }

    /** Members are gone: counts what the others have. What nobody says to have is an orphan until {@link #adoptOrphans}. */
    void recount(Collection<Client> clients) {
        ChunkBits had = new ChunkBits(chunks());
        had.addAll(covered);
        had.addAll(orphans);
        covered.clearAll();
        clients.forEach(client -> client.have().forEach(covered::setAll));
        for (Granted g : leases.values()) {
            if (g.next > g.first) {
                covered.setAll(new Run(g.first, g.next));
            }
        }
        refresh();
        orphans = new ChunkBits(chunks());
        for (int at = had.nextWithout(covered, 0); at >= 0; at = had.nextWithout(covered, at + 1)) {
            orphans.set(at);
        }
    }

    /** Runs that were covered and of which nobody says to have them. */
    List<Run> orphans() {
        if (orphans.count() == 0) {
            return List.of();
        }
        ChunkBits left = new ChunkBits(chunks());
        for (int at = orphans.nextWithout(covered, 0); at >= 0; at = orphans.nextWithout(covered, at + 1)) {
            left.set(at);
        }
        return left.coarse(SwarmLimits.RANGES, List.of());
    }

    /** Nobody has spoken up for the orphans in time: they are leased like any other chunk. */
    void adoptOrphans() {
        orphans = new ChunkBits(chunks());
    }
}
