package ringpull.ring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ringpull.ring.Membership.Status;

/**
 * What was learnt lately and is passed on beside other messages: SWIM's infection-style dissemination. One entry a member,
 * always its newest state, and not a queue of messages: what a node has to say is bounded by the members there are.
 * Refutations go before deaths, suspicions, joins, inventories; of the same kind what was told least goes first.
 */
final class News {
    /** Inventory changes of one member that are worth passing on; with more behind, the repair finds them. */
    static final int FRESH_CHANGES = Inventory.LOG;

    /** Members whose inventories are news at one time; beyond, the repair finds them. */
    static final int INVENTORIES = 4_096;

    /** News beside one message, and all of one second and at once. */
    static final int MESSAGE_BYTES = 4 << 10;

    /** New members beside one message; when many join at once, the repair brings them with less waste. */
    static final int JOIN_BYTES = 1 << 10;

    static final int BYTES_PER_SECOND = 24 << 10;
    static final int BYTES_AT_ONCE = 12 << 10;

    private static final long NEVER_CHANGED = -1;
    private static final int COPIES_MAX = 16;

    /** New members are described at length, and the repair finds them soon. */
    private static final int JOIN_COPIES = 3;

    /** That a member is eligible matters little, and costs the repair eight bytes. */
    private static final int UPDATE_COPIES = 2;

    /** With more of these to tell, as when many join at once, the rest is left to the repair too. */
    private static final int UPDATES = 64;

    /**
     * With more than so much to tell at once each suspicion is told so often, since accusers ask further ones themselves; and
     * deaths are told in few bytes, which those understand that know the member's latest state.
     */
    private static final int MANY = 64;

    private static final int COPIES_OF_MANY = 4;

    /** Kinds of news, the most urgent first. */
    private static final int REFUTATION = 0;

    private static final int DEATH = 1;
    private static final int SUSPICION = 2;
    private static final int JOIN = 3;
    private static final int UPDATE = 4;
    private static final int KINDS = 5;

    private final CharQueue[][] queues = new CharQueue[KINDS][COPIES_MAX];
    private final TokenBucket budget = new TokenBucket(BYTES_PER_SECOND, BYTES_AT_ONCE);
    private final Map<Integer, Fresh> inventories = new LinkedHashMap<>();
    private final Peers peers;
    private final Time time;
    /** By member: zero, or the queue where its entry counts; another is void. */
    private byte[] places = {};

    private int pending;

    News(Peers peers, Time time) {
        this.peers = peers;
        this.time = time;
        for (CharQueue[] ofKind : queues) {
            Arrays.setAll(ofKind, copies -> new CharQueue());
        }
    }

    private static final class Fresh {
        private long from = NEVER_CHANGED;
        private int sent;
    }

    private static byte place(int kind, int told) {
        return (byte) (1 + kind * COPIES_MAX + told);
    }

    /** A member that others may not know, at least not in this life. */
    void joined(int member) {
        put(JOIN, member);
    }

    /** A member changed its state. */
    void changed(int member, boolean refuted) {
        int kind = switch (peers.table().status(member)) {
            case ALIVE -> refuted ? REFUTATION : UPDATE;
            case SUSPECT -> SUSPICION;
            case DEAD, LEFT -> DEATH;
        };
        boolean stillJoins = kind == UPDATE && member < places.length && isIn(JOIN, places[member]);
        boolean tooMany = kind == UPDATE && member != peers.selfOrdinal() && queues[UPDATE][0].size() >= UPDATES;
        // One more accuser is told with what is left of the copies.
        boolean isTold =
                kind == SUSPICION && pending > MANY && member < places.length && isIn(SUSPICION, places[member]);
        if (!stillJoins && !tooMany && !isTold) {
            put(kind, member);
        }
    }

    private static boolean isIn(int kind, byte place) {
        return place != 0 && (place - 1) / COPIES_MAX == kind;
    }

    private void put(int kind, int member) {
        if (member >= places.length) {
            places = Arrays.copyOf(places, member + member / 8 + 16);
        }
        byte place = place(kind, 0);
        if (places[member] != place) {
            pending += places[member] == 0 ? 1 : 0;
            places[member] = place;
            queues[kind][0].add(member);
        }
    }

    /** The member's inventory changed after this version. */
    void inventory(int owner, long from) {
        if (inventories.size() >= INVENTORIES) {
            return;
        }
        Fresh fresh = inventories.computeIfAbsent(owner, id -> new Fresh());
        if (fresh.from == NEVER_CHANGED || peers.table().inventory(owner).version() - fresh.from > FRESH_CHANGES) {
            fresh.from = from;
        }
        fresh.sent = 0;
    }

    boolean isEmpty() {
        return pending == 0 && inventories.isEmpty();
    }

    /** News for a message to that member; each is counted as told. */
    Bundle tell(Member to) {
        Bundle bundle = new Bundle(Math.min(MESSAGE_BYTES, budget.available(time.now())));
        int copies = copies();
        for (int kind = 0; kind < KINDS; kind++) {
            if (pending > 0) {
                tell(kind, copies, bundle);
            }
        }
        if (peers.sharesInventories(to)) {
            tellInventories(bundle, copies);
        }
        budget.spend(bundle.used());
        return bundle;
    }

    /** How often a node passes one thing on; the repair makes up for the rest. */
    private int copies() {
        return 4 + (int) Math.ceil(Math.log10(peers.table().liveCount() + 2.0));
    }

    private void tell(int kind, int copies, Bundle bundle) {
        CharQueue[] queue = queues[kind];
        int least = bundle.bytesLeft() - (kind == JOIN ? JOIN_BYTES : MESSAGE_BYTES);
        int[] sizes = new int[COPIES_MAX];
        for (int told = 0; told < COPIES_MAX; told++) {
            sizes[told] = queue[told].size();
        }
        for (int told = 0; told < COPIES_MAX; told++) {
            for (int i = 0; i < sizes[told]; i++) {
                int member = queue[told].peek();
                if (places[member] == place(kind, told)) {
                    if (bundle.bytesLeft() < least || !tellOne(kind, member, bundle)) {
                        return;
                    }
                    move(kind, member, told + 1, copiesOf(kind, copies));
                }
                queue[told].remove();
            }
        }
    }

    private int copiesOf(int kind, int urgent) {
        return switch (kind) {
            case JOIN -> JOIN_COPIES;
            case UPDATE -> UPDATE_COPIES;
            case REFUTATION, DEATH -> urgent;
            default -> pending > MANY ? Math.min(urgent, COPIES_OF_MANY) : urgent;
        };
    }

    private boolean tellOne(int kind, int member, Bundle bundle) {
        if (!peers.table().isKnown(member)) {
            return true;
        }
        if (kind == DEATH && pending > MANY && peers.table().status(member) == Status.DEAD) {
            return bundle.addDeath(peers.digests().death(member));
        }
        return kind == JOIN ? bundle.add(peers.rumor(member)) : bundle.add(peers.claim(member));
    }

    private void move(int kind, int member, int told, int copies) {
        if (told >= copies || !peers.table().isKnown(member)) {
            places[member] = 0;
            pending--;
        } else {
            places[member] = place(kind, told);
            queues[kind][told].add(member);
        }
    }

    private void tellInventories(Bundle bundle, int copies) {
        if (inventories.isEmpty()) {
            return;
        }
        List<Map.Entry<Integer, Fresh>> least = new ArrayList<>(inventories.entrySet());
        least.sort(Comparator.comparingInt(entry -> entry.getValue().sent));
        for (Map.Entry<Integer, Fresh> entry : least) {
            int owner = entry.getKey();
            Fresh fresh = entry.getValue();
            boolean current = peers.table().isKnown(owner)
                    && peers.table().status(owner) != Status.DEAD
                    && canTell(peers.table().inventory(owner), fresh.from);
            if (current && !bundle.add(peers.rumor(owner), peers.table().inventory(owner), peers.index(), fresh.from)) {
                break;
            }
            fresh.sent++;
            if (!current || fresh.sent >= copies) {
                inventories.remove(owner);
            }
        }
    }

    private static boolean canTell(Inventory inventory, long from) {
        return inventory.version() > from && inventory.remembers(from);
    }
}
