package ringpull.ring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Gives what another node lacks of inventories: the changes that it missed, or the whole in parts. */
final class Inventories {
    /** Members whose whole inventories are gathered in one go. */
    static final int TOGETHER = 64;

    private final Peers peers;
    private final MemberTable table;
    private final HolderIndex index;

    Inventories(Peers peers) {
        this.peers = peers;
        table = peers.table();
        index = peers.index();
    }

    /** Fills the bundle for a node that knows these versions; returns those of which it knows more than this node. */
    List<Version> give(List<Version> known, Bundle bundle) {
        List<Version> lacking = new ArrayList<>();
        List<Integer> wholes = new ArrayList<>();
        int segment = 0;
        for (Version theirs : known) {
            int member = table.find(theirs.member());
            boolean current = member != Directory.NONE
                    && table.counts(member)
                    && table.member(member).epoch() == theirs.epoch();
            if (!current) {
                continue; // the repair of members comes first
            }
            Inventory inventory = table.inventory(member);
            if (inventory.version() < theirs.inventory()) {
                lacking.add(peers.version(member));
            } else if (inventory.version() > theirs.inventory()) {
                if (theirs.segment() == 0 && inventory.remembers(theirs.inventory())) {
                    bundle.add(peers.rumor(member), inventory, index, theirs.inventory());
                } else if (wholes.isEmpty() || (theirs.segment() == segment && wholes.size() < TOGETHER)) {
                    segment = theirs.segment();
                    wholes.add(member);
                }
            }
        }
        if (!wholes.isEmpty()) {
            giveParts(wholes, segment, bundle);
        }
        return lacking;
    }

    /** Parts of these members' inventories, from that segment on: all of as many segments as fit. */
    private void giveParts(List<Integer> members, int first, Bundle bundle) {
        int[] places = new int[index.slots()];
        Arrays.fill(places, -1);
        List<List<Change>> parts = new ArrayList<>();
        for (int member : members) {
            int slot = table.inventory(member).slot();
            if (slot >= 0) {
                places[slot] = parts.size();
            }
            parts.add(new ArrayList<>());
        }
        int room = Math.min(
                Limits.CHANGES_PER_MESSAGE / 2, (bundle.bytesLeft() - members.size() * Delta.WEIGHT) / Change.WEIGHT);
        int end = first;
        int[] found = {0};
        while (end < Delta.SEGMENTS && (end == first || found[0] < room)) {
            index.visit(end, (blob, bytes, slot) -> {
                int place = places[slot];
                if (place >= 0) {
                    parts.get(place).add(new Change(0, blob, bytes));
                    found[0]++;
                }
            });
            end++;
        }
        for (int i = 0; i < members.size(); i++) {
            Rumor owner = peers.rumor(members.get(i));
            long version = table.inventory(members.get(i)).version();
            bundle.add(new Delta(owner.id(), owner.epoch(), 0, version, parts.get(i), first, end));
        }
    }
}
