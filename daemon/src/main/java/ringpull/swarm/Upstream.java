package ringpull.swarm;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * A rack's home as a puller of the blob's home: it reports what its rack has, leases runs for its rack, and hears what
 * other racks have, so that each chunk crosses into the rack once.
 */
final class Upstream implements Registration.Author {
    private static final int CONTACTS = 8;
    private static final int CONTACTS_KEPT = 16;

    private final Node node;
    private final Digest digest;
    private final Home rack;
    private final Registration standing;
    private final Map<Long, Held> leases = new LinkedHashMap<>();
    private final Set<Long> ended = new LinkedHashSet<>();
    private final Set<MemberId> contacts = new LinkedHashSet<>();
    private List<Run> asked = List.of();
    private @Nullable ChunkBits leased;
    private @Nullable ChunkBits abroad;
    private boolean hopeless;

    private static final class Held {
        Lease lease;
        int covered;
        long movedAt;

        Held(Lease lease, long now) {
            this.lease = lease;
            this.movedAt = now;
        }
    }

    Upstream(Node node, Digest digest, Home rack) {
        this.node = node;
        this.digest = digest;
        this.rack = rack;
        this.standing = new Registration(node, digest, "", this);
    }

    Registration standing() {
        return standing;
    }

    /** How many streams the rack may keep open to the origin: one for each lease from the blob's home. */
    int streams() {
        return leases.size();
    }

    /** The run that finds out the blob's size. */
    Run opening() {
        Lease first = leases.values().iterator().next().lease;
        return new Run(first.first(), first.end());
    }

    boolean hopeless() {
        return hopeless;
    }

    /** The chunks that this rack is to bring from the origin. */
    ChunkBits leased() {
        return leased == null ? none() : leased;
    }

    /** The chunks that other racks have and this rack is not to bring from the origin. */
    ChunkBits abroad() {
        return abroad == null ? none() : abroad;
    }

    private ChunkBits none() {
        LeaseBook book = rack.book();
        return new ChunkBits(book == null ? 0 : book.chunks());
    }

    /** A few members of other racks, others each time. */
    List<MemberId> contacts() {
        List<MemberId> some = new ArrayList<>(contacts);
        Collections.shuffle(some, Random.from(node.random()));
        return some.subList(0, Math.min(CONTACTS / 2, some.size()));
    }

    /** A puller waits for work and there is none. */
    void hungry() {
        standing.soon();
    }

    void tick() {
        progress();
        standing.tick();
    }

    private void progress() {
        LeaseBook book = rack.book();
        if (book == null) {
            return;
        }
        for (Held held : List.copyOf(leases.values())) {
            int covered = 0;
            int end = Math.min(held.lease.end(), book.chunks());
            int next = end;
            for (int chunk = end - 1; chunk >= held.lease.first(); chunk--) {
                if (book.covered().get(chunk)) {
                    covered++;
                } else {
                    next = chunk;
                }
            }
            if (covered != held.covered || moving(book, held.lease)) {
                held.covered = covered;
                held.movedAt = node.now();
            }
            held.lease = new Lease(
                    held.lease.id(),
                    held.lease.kind(),
                    held.lease.first(),
                    next,
                    held.lease.end(),
                    node.now() - held.movedAt);
            if (next == end) {
                leases.remove(held.lease.id());
                ended.add(held.lease.id());
                standing.soon();
            }
        }
        map();
    }

    private boolean moving(LeaseBook book, Lease lease) {
        return book.leases().stream()
                .anyMatch(g -> g.first < lease.end()
                        && lease.first() < g.end
                        && node.now() - g.movedAt < SwarmLimits.REPORT_LEAST);
    }

    @Override
    public Message.Report report(Registration registration, long nonce) {
        LeaseBook book = rack.book();
        List<Client> clients = rack.clients();
        List<MemberId> best = new ArrayList<>();
        for (int i = 0; i < CONTACTS && !clients.isEmpty(); i++) {
            best.add(clients.get(node.random().nextInt(clients.size())).id);
        }
        Message.Trouble trouble = Message.Trouble.NONE;
        long pause = 0;
        boolean refused = !clients.isEmpty();
        for (Client client : clients) {
            refused &= client.refused || client.report.source().isEmpty();
            if (client.report.trouble() == Message.Trouble.BUSY) {
                trouble = Message.Trouble.BUSY;
                pause = Math.max(pause, client.report.pauseNanos() - (node.now() - client.seen));
            }
        }
        return new Message.Report(
                digest,
                "",
                node.self(),
                node.rack(),
                0,
                nonce,
                rack.source(),
                rack.sizeBytes(),
                book == null ? 0 : book.covered().count(),
                book == null ? List.of() : book.covered().coarse(SwarmLimits.RANGES, asked),
                leases.values().stream().map(held -> held.lease).toList(),
                List.copyOf(ended),
                Math.min(SwarmLimits.BLOB_STREAMS, clients.size()),
                contacts.size(),
                registration.veteran(),
                refused ? Message.Trouble.REFUSED : trouble,
                Math.max(0, pause),
                best.stream().distinct().toList(),
                registration.silent());
    }

    void granted(MemberId from, Message.Grant grant) {
        if (!standing.accept(from, grant)) {
            return;
        }
        ended.removeIf(id -> grant.leases().stream().noneMatch(lease -> lease.id() == id));
        Map<Long, Held> known = new LinkedHashMap<>(leases);
        leases.clear();
        for (Lease lease : grant.leases()) {
            if (!ended.contains(lease.id())) {
                Held held = known.getOrDefault(lease.id(), new Held(lease, node.now()));
                held.lease = new Lease(
                        lease.id(), lease.kind(), lease.first(), lease.next(), lease.end(), held.lease.stillNanos());
                leases.put(lease.id(), held);
            }
        }
        if (!grant.neighbours().isEmpty()) {
            while (contacts.size() > CONTACTS_KEPT) {
                contacts.remove(contacts.iterator().next());
            }
            grant.neighbours().stream()
                    .filter(member -> !node.ranking().rackOf(member).equals(node.rack()))
                    .forEach(contacts::add);
        }
        asked = grant.asked();
        hopeless = grant.hopeless();
        rack.sized(grant.sizeBytes());
        LeaseBook book = rack.book();
        if (book != null) {
            ChunkBits elsewhere = new ChunkBits(book.chunks());
            grant.abroad().forEach(elsewhere::setAll);
            abroad = elsewhere;
            map();
            rack.trim(leased());
        }
        if (!asked.isEmpty()) {
            standing.soon();
        }
        rack.giveWork();
    }

    private void map() {
        LeaseBook book = rack.book();
        if (book == null) {
            return;
        }
        ChunkBits mine = new ChunkBits(book.chunks());
        leases.values().forEach(held -> mine.setAll(new Run(held.lease.first(), held.lease.end())));
        leased = mine;
        ChunkBits elsewhere = abroad;
        if (elsewhere != null) {
            for (int at = mine.nextSet(0); at < mine.size(); at = mine.nextSet(at + 1)) {
                elsewhere.clear(at);
            }
        }
    }
}
