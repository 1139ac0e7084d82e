package ringpull.swarm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Client.Granted;

/**
 * Where the pullers of one blob meet: of the whole ring, or of one rack. It keeps only what they tell it: who pulls, how
 * much each has, and who brings which run. A rack's home gets its work from the blob's home as a puller does, through
 * {@link Upstream}.
 */
final class Home {
    private static final long GATHER = SwarmLimits.SECONDS;
    private static final long GATHER_PER_CLIENT = 400_000;
    private static final long GATHER_MOST = 5 * SwarmLimits.SECONDS;
    /** So many streams keep an origin busy while some of them are between two requests. */
    private static final int STREAMS_LEAST = 4;

    /** More streams than one for so many chunks only make each chunk come later. */
    private static final int CHUNKS_PER_STREAM = 32;

    private static final int LEASES_PER_CLIENT = 4;

    private static final int ABROAD_LEASES = 16;
    private static final int PUSH_MOST = 256;

    private final Node node;
    private final Digest digest;
    private final String scope;
    private final Budget budget;
    private final @Nullable Upstream upstream;
    private final Advice advice;
    private final Map<MemberId, Client> clients = new LinkedHashMap<>();
    private final List<Client> order = new ArrayList<>();
    private final long createdAt;

    private long sizeBytes = -1;
    private @Nullable LeaseBook book;
    private @Nullable Granted opening;
    private boolean inherits;

    /** Somebody is gone, or lost something, since it was last counted what they all have. */
    private boolean uncounted;

    private long orphansUntil = SwarmLimits.NEVER;
    private long usedAt;
    private int turn;

    Home(Node node, Digest digest, String scope, Budget budget) {
        this.node = node;
        this.digest = digest;
        this.scope = scope;
        this.budget = budget;
        this.upstream = scope.isEmpty() ? null : new Upstream(node, digest, this);
        this.advice = new Advice(node, this, upstream);
        createdAt = node.now();
        usedAt = node.now();
    }

    Digest digest() {
        return digest;
    }

    String scope() {
        return scope;
    }

    long sizeBytes() {
        return sizeBytes;
    }

    @Nullable
    LeaseBook book() {
        return book;
    }

    List<Client> clients() {
        return order;
    }

    boolean over() {
        return clients.isEmpty() && node.now() - usedAt > SwarmLimits.LINGER;
    }

    void report(Message.Report report) {
        usedAt = node.now();
        Client client = clients.get(report.puller());
        if (client == null) {
            if (clients.size() >= SwarmLimits.CLIENTS) {
                return;
            }
            client = new Client(report);
            clients.put(client.id, client);
            order.add(client);
            inherits |= report.veteran();
        } else if (report.nonce() < client.report.nonce()) {
            return;
        }
        boolean lost = report.held() < client.report.held();
        client.report = report;
        client.seen = node.now();
        client.refused |= report.trouble() == Message.Trouble.REFUSED;
        if (report.trouble() == Message.Trouble.BUSY && upstream == null) {
            budget.pause(report.pauseNanos());
        }
        sized(report.sizeBytes());
        learn(client, report);
        uncounted |= lost; // a rack's members died, and with them what only they had
        lease(client);
        grant(client);
    }

    /** The blob's size, from whoever knows it first. */
    void sized(long bytes) {
        if (sizeBytes >= 0 || bytes < 0 || bytes > Chunk.BLOB_BYTES_MAX) {
            return;
        }
        sizeBytes = bytes;
        LeaseBook fresh = new LeaseBook(Chunk.count(bytes));
        book = fresh;
        Granted first = opening;
        opening = null;
        if (first != null) {
            first.holder.leases.remove(first.id);
            fresh.adopt(first.holder, first.lease(), node.now());
        }
        order.forEach(client -> learn(client, client.report));
        for (Client client : List.copyOf(order)) {
            lease(client);
            grant(client);
        }
    }

    private void learn(Client client, Message.Report report) {
        LeaseBook known = book;
        if (known == null) {
            Granted first = opening;
            if (first != null && first.holder == client) {
                report.leases().stream()
                        .filter(told -> told.id() == first.id)
                        .forEach(told -> first.movedAt = node.now() - told.stillNanos());
                if (report.ended().contains(first.id)) {
                    client.leases.remove(first.id);
                    opening = null;
                }
            }
            return;
        }
        known.cover(report.have());
        for (Lease told : report.leases()) {
            Granted granted = known.get(told.id());
            if (granted == null) {
                known.adopt(client, told, node.now());
            } else if (granted.holder == client) {
                known.progress(granted, told, node.now());
            }
        }
        for (long id : report.ended()) {
            Granted granted = known.get(id);
            if (granted != null && granted.holder == client) {
                known.end(granted, node.now());
            }
        }
    }

    /** Gives a puller work, if there is some for it. */
    private boolean lease(Client client) {
        boolean given = false;
        while (leaseOne(client)) {
            given = true;
        }
        return given;
    }

    private boolean leaseOne(Client client) {
        if (gathering()) {
            return false;
        }
        LeaseBook known = book;
        long id = node.random().nextLong();
        if (known == null) {
            if (opening != null || streams() == 0 || !client.wantsOrigin(1)) {
                return false;
            }
            Run run = upstream != null
                    ? upstream.opening()
                    : new Run(0, client.isRack() ? 1 : SwarmLimits.OPENING_CHUNKS);
            Granted first = new Granted(id, client, Lease.Kind.ORIGIN, run.first(), run.end(), node.now());
            client.leases.put(id, first);
            client.begins(first);
            opening = first;
            return true;
        }
        return leaseOrigin(known, client, id) || leaseAbroad(known, client, id);
    }

    private boolean leaseOrigin(LeaseBook known, Client client, long id) {
        int streams = streams();
        int near = client.isRack()
                ? (int) order.stream().filter(c -> c.isNear(order, node.now())).count()
                : clients.size();
        int each = Math.clamp(Math.ceilDiv(STREAMS_LEAST, Math.max(1, near)), 1, LEASES_PER_CLIENT);
        if (known.count(Lease.Kind.ORIGIN) >= streams
                || !client.wantsOrigin(each)
                || !client.isNear(order, node.now())) {
            return false;
        }
        ChunkBits of = upstream == null ? null : upstream.leased();
        int sharers = Math.min(streams, near * each);
        Granted granted = known.grant(client, Lease.Kind.ORIGIN, of, sharers, id, sparesOrphans(), node.now());
        if (granted == null && !orphansWait(known)) {
            granted = known.divide(client, Lease.Kind.ORIGIN, id, node.now());
            if (granted != null) {
                Client other = slowed(known, granted);
                if (other != null) {
                    grant(other);
                }
            }
        }
        if (granted == null && upstream != null) {
            upstream.hungry();
        }
        return granted != null;
    }

    /** The blob's home took some of this rack's runs away. */
    void trim(ChunkBits leased) {
        if (book != null) {
            book.trim(leased, node.now()).forEach(this::grant);
        }
    }

    private static @Nullable Client slowed(LeaseBook known, Granted half) {
        for (Granted g : known.leases()) {
            if (g.end == half.first && g.holder != half.holder) {
                return g.holder;
            }
        }
        return null;
    }

    private boolean leaseAbroad(LeaseBook known, Client client, long id) {
        if (upstream == null
                || known.count(Lease.Kind.ABROAD) >= ABROAD_LEASES
                || !client.wantsAbroad(LEASES_PER_CLIENT)) {
            return false;
        }
        int sharers = Math.min(ABROAD_LEASES, clients.size());
        return known.grant(client, Lease.Kind.ABROAD, upstream.abroad(), sharers, id, sparesOrphans(), node.now())
                != null;
    }

    private int streams() {
        if (upstream != null) {
            return upstream.streams();
        }
        int useful = book == null ? 1 : Math.max(STREAMS_LEAST, book.chunks() / CHUNKS_PER_STREAM);
        return Math.min(budget.streams(), useful);
    }

    private boolean gathering() {
        if (!inherits) {
            return false;
        }
        long span = Math.min(GATHER_MOST, GATHER + clients.size() * GATHER_PER_CLIENT);
        return node.now() - createdAt < span;
    }

    /** Whether chunks of members that are gone are left alone until others have said whether they have them. */
    boolean sparesOrphans() {
        return node.now() < orphansUntil;
    }

    private boolean orphansWait(LeaseBook known) {
        return sparesOrphans() && !known.orphans().isEmpty();
    }

    private void grant(Client client) {
        node.send(client.id, advice.grant(client));
    }

    void tick() {
        LeaseBook known = book;
        long now = node.now();
        if (upstream != null) {
            upstream.tick();
        }
        long patience = 3 * advice.reportEvery() + SwarmLimits.SECONDS;
        for (Client client : List.copyOf(order)) {
            if (now - client.seen > (client.leases.isEmpty() ? patience : SwarmLimits.HOLDER_SILENT)) {
                down(client.id);
            }
        }
        Granted first = opening;
        if (first != null && now - first.movedAt > SwarmLimits.LEASE_STILL) {
            first.holder.leases.remove(first.id);
            opening = null;
        }
        if (known != null) {
            if (uncounted) {
                recount(known);
            }
            for (Granted stuck : known.stuck(now)) {
                known.end(stuck, now);
                grant(stuck.holder);
            }
            if (now >= orphansUntil) {
                orphansUntil = SwarmLimits.NEVER;
                known.adoptOrphans();
            }
        }
        giveWork();
    }

    /** New work goes round among those who wait for some. */
    void giveWork() {
        LeaseBook known = book;
        boolean some = known == null
                ? opening == null && streams() > 0
                : known.free(null) > 0 && known.leases().size() < streams() + (upstream == null ? 0 : ABROAD_LEASES);
        for (int i = 0; some && i < order.size(); i++) {
            turn = (turn + 1) % order.size();
            Client client = order.get(turn);
            if (lease(client)) {
                grant(client);
                some = known == null ? opening == null : known.free(null) > 0;
            }
        }
    }

    void undelivered(MemberId member) {
        if (upstream != null) {
            upstream.standing().lost(member);
        }
    }

    void upstreamGranted(MemberId from, Message.Grant grant) {
        if (upstream != null) {
            upstream.granted(from, grant);
        }
    }

    /** Whether there is still something to bring from the origin. */
    boolean wantsStreams() {
        return !clients.isEmpty() && (book == null || !book.complete());
    }

    /** A puller is gone, or takes no part any more. */
    void down(MemberId member) {
        Client client = clients.remove(member);
        if (client == null) {
            return;
        }
        order.remove(client);
        LeaseBook known = book;
        if (opening != null && opening.holder == client) {
            opening = null;
        }
        if (known != null) {
            List.copyOf(client.leases.values()).forEach(granted -> known.end(granted, node.now()));
            uncounted |= client.report.held() > 0;
        }
    }

    /** What the pullers that are left have; once for all that died together, since it is much work where they are many. */
    private void recount(LeaseBook known) {
        uncounted = false;
        known.recount(clients.values());
        if (!known.orphans().isEmpty()) {
            orphansUntil = node.now() + SwarmLimits.REPORT_LEAST + advice.reportEvery();
            order.stream().limit(PUSH_MOST).forEach(this::grant);
        }
    }

    /** The source that leases are read from, as some puller names it; empty if none does. */
    String source() {
        for (Client client : order) {
            if (!client.report.source().isEmpty()) {
                return client.report.source();
            }
        }
        return "";
    }
}
