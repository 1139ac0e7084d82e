package ringpull.ring;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import ringpull.ring.Membership.Status;

/** Lists this node's entries of buckets of a {@link HashTree}, and compares them with what another node listed. */
final class Listings {
    /** Members that are wanted at one time; about as many as {@link Differences#GIVEN_BYTES} are. */
    static final int WANTED = 160;

    private final Peers peers;
    private final MemberTable table;
    private final BiConsumer<Integer, Boolean> changed;

    /** @param changed told of members whose state changed in a way that is news, and whether that is a refutation */
    Listings(Peers peers, BiConsumer<Integer, Boolean> changed) {
        this.peers = peers;
        this.changed = changed;
        table = peers.table();
    }

    Listing members(Bucket bucket, long salt) {
        boolean brief = salt != 0;
        int[] entries = table.of(bucket.number(), bucket.wide());
        long[] counted = new long[Math.min(entries.length, Limits.ENTRIES_PER_BUCKET)];
        long[] dead = new long[counted.length];
        int counting = 0;
        int died = 0;
        for (int member : entries) {
            if (table.counts(member) && counting < counted.length) {
                counted[counting++] = brief
                        ? Listing.brief(peers.digests(), member, salt)
                        : peers.digests().ofMember(member);
            } else if (table.status(member) == Status.DEAD && died < dead.length) {
                dead[died++] = peers.digests().inLife(member);
            }
        }
        return new Listing(
                bucket.number(),
                bucket.wide(),
                brief ? Listing.Form.BRIEF : Listing.Form.HASHES,
                Hashes.of(counted, counting),
                Hashes.of(dead, died));
    }

    Listing inventories(Bucket bucket) {
        int[] entries = table.of(bucket.number(), bucket.wide());
        long[] hashes = new long[Math.min(entries.length, Limits.ENTRIES_PER_BUCKET)];
        int count = 0;
        for (int member : entries) {
            long hash = peers.digests().ofInventory(member);
            if (hash != 0 && table.counts(member) && count < hashes.length) {
                hashes[count++] = hash;
            }
        }
        return new Listing(bucket.number(), bucket.wide(), Listing.Form.HASHES, Hashes.of(hashes, count), Hashes.NONE);
    }

    /** What this node wants of the other's members; what it lacks itself goes into the bundle. */
    Body.Repair ofMembers(Rumor other, List<Listing> theirs, long salt, Bundle bundle) {
        List<Listing> wanted = new ArrayList<>();
        int members = 0;
        for (Listing listing : theirs) {
            boolean[] matched = new boolean[listing.counted().size()];
            List<Long> dead = new ArrayList<>();
            for (int member : table.of(listing.number(), listing.wide())) {
                if (table.counts(member)) {
                    compareCounted(other, member, listing, salt, matched, bundle);
                } else {
                    compareDead(member, listing, salt, matched, dead, bundle);
                }
            }
            Listing want = new Listing(
                    listing.number(),
                    listing.wide(),
                    listing.form(),
                    unmatched(listing.counted(), matched, WANTED - members),
                    Hashes.of(dead.stream().mapToLong(Long::longValue).toArray()));
            members += want.counted().size();
            if (want.counted().size() > 0 || want.dead().size() > 0) {
                wanted.add(want);
            }
        }
        return new Body.Repair(wanted, List.of(), salt);
    }

    private void compareCounted(Rumor other, int member, Listing listing, long salt, boolean[] matched, Bundle bundle) {
        long own = peers.digests().ofMember(member);
        int at = listing.counted().indexOf(listing.listed(peers.digests(), member, salt));
        if (at >= 0) {
            matched[at] = true;
        } else if (listing.dead().indexOf(own) >= 0) {
            if (peers.learnDeath(member, table.find(other.id()))) {
                changed.accept(member, false);
            }
        } else if (isBehind(member, listing, matched)) {
            bundle.add(peers.claim(member));
        } else if (!guess(member, listing, matched) && !bundle.truncated()) {
            bundle.add(peers.rumor(member));
        }
    }

    private void compareDead(
            int member, Listing listing, long salt, boolean[] matched, List<Long> dead, Bundle bundle) {
        long inLife = peers.digests().inLife(member);
        int at = listing.counted().indexOf(listing.listed(peers.digests(), member, salt));
        if (at >= 0) {
            matched[at] = true;
            if (table.status(member) == Status.DEAD) {
                dead.add(inLife);
            } else {
                bundle.add(peers.claim(member));
            }
        } else {
            guess(member, listing, matched);
        }
    }

    /** The other may just know the member's next incarnation: then its hash says all. */
    private boolean guess(int member, Listing listing, boolean[] matched) {
        long next = table.incarnation(member) + 1;
        if (listing.form() != Listing.Form.HASHES || member == peers.selfOrdinal() || next > Limits.INCARNATIONS) {
            return false;
        }
        for (int eligible = 0; eligible < 2; eligible++) {
            int at = listing.counted().indexOf(peers.digests().ofMember(member, next, eligible == 1));
            if (at >= 0) {
                Member known = table.member(member);
                peers.learn(new Claim(known.id(), known.epoch(), next, Status.ALIVE, eligible == 1, List.of()));
                matched[at] = true;
                return true;
            }
        }
        return false;
    }

    /** The other may just know the member's incarnation before: then it needs to hear of the state alone. */
    private boolean isBehind(int member, Listing listing, boolean[] matched) {
        long before = table.incarnation(member) - 1;
        for (int eligible = 0; eligible < 2 && before >= 0 && listing.form() == Listing.Form.HASHES; eligible++) {
            int at = listing.counted().indexOf(peers.digests().ofMember(member, before, eligible == 1));
            if (at >= 0) {
                matched[at] = true;
                return true;
            }
        }
        return false;
    }

    private static Hashes unmatched(Hashes all, boolean[] matched, int most) {
        long[] rest = new long[matched.length];
        int count = 0;
        for (int i = 0; i < matched.length && count < most; i++) {
            if (!matched[i]) {
                rest[count++] = all.at(i);
            }
        }
        return Hashes.of(rest, count);
    }

    /** Inventories that differ, with what this node has of them. */
    Body.Repair ofInventories(List<Listing> theirs) {
        List<Version> known = new ArrayList<>();
        for (Listing listing : theirs) {
            boolean[] matched = new boolean[listing.counted().size()];
            List<Integer> without = new ArrayList<>();
            int unmatched = matched.length;
            for (int member : table.of(listing.number(), listing.wide())) {
                long hash = peers.digests().ofInventory(member);
                int at = hash == 0 ? -1 : listing.counted().indexOf(hash);
                if (at >= 0) {
                    matched[at] = true;
                    unmatched--;
                } else if (table.counts(member) && hash != 0) {
                    add(known, member);
                } else if (table.counts(member)) {
                    without.add(member);
                }
            }
            if (unmatched > 0) {
                without.forEach(member -> add(known, member));
            }
        }
        return new Body.Repair(List.of(), known, 0);
    }

    private void add(List<Version> known, int member) {
        if (known.size() < Limits.VERSIONS_PER_MESSAGE) {
            known.add(peers.version(member));
        }
    }
}
