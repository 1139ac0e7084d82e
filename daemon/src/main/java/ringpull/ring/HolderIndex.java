package ringpull.ring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;

/** From digest to holders. Written by the ring's own thread, but for {@link #disown}; read by any thread. */
final class HolderIndex implements Holders {
    /** Hints that were found wrong and are remembered as such. */
    static final int DISOWNED = 10_000;

    private static final Posting[] NONE = {};

    private final ConcurrentHashMap<Digest, Posting[]> postings = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Hint, Posting> disowned = new ConcurrentHashMap<>();
    private final AtomicInteger size = new AtomicInteger();
    private final MemberTable table;

    HolderIndex(MemberTable table) {
        this.table = table;
    }

    private record Posting(int member, long epoch, long version, long sizeBytes) {}

    private record Hint(int member, Digest digest) {}

    @Override
    public List<Holder> holders(Digest digest) {
        List<Holder> holders = new ArrayList<>();
        for (Posting posting : postings.getOrDefault(digest, NONE)) {
            Member member = table.memberOrNull(posting.member);
            if (member != null && table.counts(posting.member) && member.epoch() == posting.epoch) {
                holders.add(new Holder(member, posting.sizeBytes));
            }
        }
        return holders;
    }

    @Override
    public void disown(MemberId id, Digest digest) {
        int member = table.find(id);
        postings.computeIfPresent(digest, (key, all) -> {
            for (Posting posting : all) {
                if (posting.member == member) {
                    if (disowned.size() >= DISOWNED) {
                        disowned.clear();
                    }
                    disowned.put(new Hint(member, digest), posting);
                }
            }
            return without(all, member);
        });
    }

    /** Blobs of a member as it announces them. */
    Inventory.Listener of(int owner) {
        long epoch = table.member(owner).epoch();
        return new Inventory.Listener() {
            @Override
            public boolean added(Change change) {
                return add(owner, epoch, change);
            }

            @Override
            public void removed(Digest digest) {
                postings.computeIfPresent(digest, (key, all) -> without(all, owner));
            }
        };
    }

    /** The member's number will be another's. */
    void forget(int member) {
        disowned.keySet().removeIf(hint -> hint.member == member);
    }

    private boolean add(int owner, long epoch, Change change) {
        if (size.get() >= Limits.POSTINGS) {
            return false;
        }
        Posting posting = new Posting(owner, epoch, change.version(), change.sizeBytes());
        postings.compute(change.digest(), (digest, all) -> {
            Posting refuted = disowned.get(new Hint(owner, digest));
            if (refuted != null && refuted.epoch == posting.epoch && refuted.version >= posting.version) {
                return all;
            }
            disowned.remove(new Hint(owner, digest));
            size.incrementAndGet();
            if (all == null) {
                return new Posting[] {posting};
            }
            Posting[] more = Arrays.copyOf(all, all.length + 1);
            more[all.length] = posting;
            return more;
        });
        return true;
    }

    private Posting @Nullable [] without(Posting[] all, int member) {
        Posting[] rest =
                Arrays.stream(all).filter(posting -> posting.member != member).toArray(Posting[]::new);
        size.addAndGet(rest.length - all.length);
        return rest.length == 0 ? null : rest;
    }
}
