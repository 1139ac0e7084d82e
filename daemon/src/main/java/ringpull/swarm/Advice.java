package ringpull.swarm;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringpull.ring.MemberId;
import ringpull.swarm.Client.Granted;

/** What a home tells a puller: all that it should know, each time anew. */
final class Advice {
    private static final long REPORT_PER_CLIENT = SwarmLimits.MILLIS;
    private static final int REFUSALS = 3;

    private final Node node;
    private final Home home;
    private final @Nullable Upstream upstream;

    Advice(Node node, Home home, @Nullable Upstream upstream) {
        this.node = node;
        this.home = home;
        this.upstream = upstream;
    }

    /** The answer to a puller's newest report. */
    Message.Grant grant(Client client) {
        LeaseBook book = home.book();
        List<Lease> leases = client.leases.values().stream()
                .limit(SwarmLimits.LEASES)
                .map(Granted::lease)
                .toList();
        return new Message.Grant(
                home.digest(),
                home.scope(),
                client.report.nonce(),
                home.sizeBytes(),
                leases,
                neighbours(client),
                home.clients().size(),
                reportEvery(),
                book == null || !home.sparesOrphans() ? List.of() : book.orphans(),
                book == null ? List.of() : abroad(client, book),
                hopeless());
    }

    /** How long a puller without leases may be silent: so long that the home is not overrun. */
    long reportEvery() {
        return Math.clamp(home.clients().size() * REPORT_PER_CLIENT, SwarmLimits.REPORT_LEAST, SwarmLimits.REPORT_MOST);
    }

    /** What other racks have, for a rack's home; nothing for a puller. */
    private List<Run> abroad(Client client, LeaseBook book) {
        if (upstream != null || client.report.rack().isEmpty()) {
            return List.of();
        }
        ChunkBits others = new ChunkBits(book.chunks());
        for (Client other : home.clients()) {
            if (other != client) {
                other.have().forEach(others::setAll);
                other.leases.values().stream()
                        .filter(g -> g.next > g.first)
                        .forEach(g -> others.setAll(new Run(g.first, g.next)));
            }
        }
        return others.coarse(SwarmLimits.RANGES, List.of());
    }

    /** Whether the origin refuses all who could ask it. */
    private boolean hopeless() {
        if (upstream != null && upstream.hopeless()) {
            return true;
        }
        int refused = 0;
        for (Client client : home.clients()) {
            if (client.refused) {
                refused++;
            } else if (!client.report.source().isEmpty()) {
                return false;
            }
        }
        LeaseBook book = home.book();
        boolean whole = book != null && book.complete();
        return refused > 0
                && !whole
                && refused >= Math.min(REFUSALS, home.clients().size());
    }

    /** For a rack's home: somebody of every other rack, somebody else each time. */
    private List<MemberId> contacts(Client client) {
        return home.clients().stream()
                .filter(other -> other != client && !other.report.contacts().isEmpty())
                .limit(SwarmLimits.NAMED)
                .map(other -> other.report
                        .contacts()
                        .get(node.random().nextInt(other.report.contacts().size())))
                .toList();
    }

    private List<MemberId> neighbours(Client client) {
        List<Client> clients = home.clients();
        if (upstream == null && !client.report.rack().isEmpty()) {
            return contacts(client);
        }
        int wanted = Math.min(SwarmLimits.MESH_WANTED, clients.size() - 1) - client.report.neighbours();
        Set<MemberId> chosen = new LinkedHashSet<>();
        if (upstream != null && client.report.neighbours() < SwarmLimits.MESH_WANTED) {
            chosen.addAll(upstream.contacts());
        }
        for (int i = 0; i < 2 * wanted && chosen.size() < SwarmLimits.NAMED; i++) {
            Client other = clients.get(node.random().nextInt(clients.size()));
            List<MemberId> contacts = other.report.contacts();
            if (other != client && !contacts.isEmpty()) {
                chosen.add(contacts.get(node.random().nextInt(contacts.size())));
            }
        }
        chosen.remove(client.id);
        return chosen.stream().limit(SwarmLimits.NAMED).toList();
    }
}
