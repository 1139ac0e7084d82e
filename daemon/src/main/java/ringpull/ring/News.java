package ringpull.ring;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.ring.Membership.Status;

/**
 * What was learnt lately and is passed on beside other messages. One entry a member, always its newest state, and not a
 * queue of messages: what a node has to say is bounded by the members there are.
 */
final class News {
    /** Inventory changes of one member that are worth passing on; with more behind, the sync repairs. */
    static final int FRESH_CHANGES = 100;

    private final Map<MemberId, Integer> rumors = new LinkedHashMap<>();
    private final Map<MemberId, Fresh> inventories = new LinkedHashMap<>();
    private final Peers peers;

    News(Peers peers) {
        this.peers = peers;
    }

    private static final class Fresh {
        private long from;
        private int sent;
    }

    void rumor(MemberId about) {
        rumors.put(about, 0);
    }

    /** The member's inventory changed after this version. */
    void inventory(Peer owner, long from) {
        Fresh fresh = inventories.computeIfAbsent(owner.id(), id -> new Fresh());
        if (fresh.from == 0 || owner.inventory().version() - fresh.from > FRESH_CHANGES) {
            fresh.from = from;
        }
        fresh.sent = 0;
    }

    boolean isEmpty() {
        return rumors.isEmpty() && inventories.isEmpty();
    }

    /** News for a message; each is counted as told. */
    Bundle tell(@Nullable Rumor about) {
        Bundle bundle = new Bundle(Bundle.NEWS_BYTES);
        if (about != null) {
            bundle.add(about);
        }
        int enough = 4 * Math.max(2, (int) Math.ceil(Math.log10(peers.live().size() + 2.0)));
        tellRumors(bundle, enough);
        tellInventories(bundle, enough);
        return bundle;
    }

    private void tellRumors(Bundle bundle, int enough) {
        if (rumors.isEmpty()) {
            return;
        }
        List<Map.Entry<MemberId, Integer>> least = new ArrayList<>(rumors.entrySet());
        least.sort(Comparator.<Map.Entry<MemberId, Integer>>comparingInt(Map.Entry::getValue)
                .thenComparingInt(entry -> urgency(entry.getKey())));
        for (Map.Entry<MemberId, Integer> entry : least) {
            Peer peer = peers.get(entry.getKey());
            if (peer != null && !bundle.add(peer.rumor())) {
                break;
            }
            if (peer == null || entry.getValue() + 1 >= enough) {
                rumors.remove(entry.getKey());
            } else {
                rumors.put(entry.getKey(), entry.getValue() + 1);
            }
        }
    }

    private int urgency(MemberId about) {
        Peer peer = peers.get(about);
        return peer == null || peer.rumor().status() == Status.ALIVE ? 1 : 0;
    }

    private void tellInventories(Bundle bundle, int enough) {
        List<Map.Entry<MemberId, Fresh>> least = new ArrayList<>(inventories.entrySet());
        least.sort(Comparator.comparingInt(entry -> entry.getValue().sent));
        for (Map.Entry<MemberId, Fresh> entry : least) {
            Fresh fresh = entry.getValue();
            Peer owner = peers.isSelf(entry.getKey()) ? peers.self() : peers.get(entry.getKey());
            boolean current = owner != null && owner.inventory().newerThan(fresh.from, 0);
            if (current && owner != null && !bundle.add(owner, fresh.from, 0)) {
                break;
            }
            fresh.sent++;
            if (!current || fresh.sent >= enough) {
                inventories.remove(entry.getKey());
            }
        }
    }
}
