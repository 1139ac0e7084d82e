package ringpull.ring;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Compares the states of members whom two nodes both know, a byte a member: when many become eligible or refute at once,
 * hashes would cost nearly as much as joining did.
 */
final class MemberStates {
    /** Newer states that the asker gives in return; the answerer will ask for more. */
    static final int GIVEN_BYTES = 2 << 10;

    private final Peers peers;
    private final MemberTable table;

    MemberStates(Peers peers) {
        this.peers = peers;
        table = peers.table();
    }

    Listing list(Bucket group) {
        long[] states = members(group.number(), group.wide()).stream()
                .mapToLong(this::state)
                .limit(Limits.ENTRIES_PER_BUCKET)
                .toArray();
        return new Listing(group.number(), group.wide(), Listing.Form.STATES, Hashes.of(states), Hashes.NONE);
    }

    /** Those that count, in the order in which each node has them. */
    private List<Integer> members(int number, boolean wide) {
        List<Integer> counted = new ArrayList<>();
        for (int member : table.of(number, wide)) {
            if (table.counts(member)) {
                counted.add(member);
            }
        }
        counted.sort(Comparator.<Integer>comparingLong(table::key)
                .thenComparing(member -> table.member(member).id().hex()));
        return counted;
    }

    private long state(int member) {
        return state(table.incarnation(member), table.eligible(member));
    }

    private static long state(long incarnation, boolean eligible) {
        return incarnation << 1 | (eligible ? 1 : 0);
    }

    /** Learns what is newer; what this node knows better goes into the bundle. */
    Body.Repair learn(List<Listing> theirs, Bundle bundle) {
        for (Listing listing : theirs) {
            List<Integer> members = members(listing.number(), listing.wide());
            boolean same = listing.form() == Listing.Form.STATES
                    && members.size() == listing.counted().size();
            for (int i = 0; same && i < members.size(); i++) {
                learn(members.get(i), listing.counted().at(i), bundle);
            }
        }
        return new Body.Repair(List.of(), List.of(), 0);
    }

    private void learn(int member, long theirs, Bundle bundle) {
        long incarnation = theirs >>> 1;
        if (incarnation > table.incarnation(member) && incarnation <= Limits.INCARNATIONS) {
            Member known = table.member(member);
            peers.learn(new Claim(
                    known.id(), known.epoch(), incarnation, Membership.Status.ALIVE, (theirs & 1) != 0, List.of()));
        } else if (incarnation < table.incarnation(member) && !bundle.truncated()) {
            bundle.add(peers.claim(member));
        }
    }
}
