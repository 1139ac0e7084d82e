package ringpull.ring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;

/**
 * From blob to holders, in some five bytes a holder. Written by the ring's own thread, but for {@link #disown}; read by
 * any thread, which waits for nobody.
 *
 * <p>Each life of a member has a slot. When the life ends the slot names nobody any more, at once, and is given again when
 * a sweep has taken it out of all blobs.
 */
final class HolderIndex implements Holders {
    /** Hints that were found wrong and are remembered as such. */
    static final int DISOWNED = 10_000;

    /** Segments that one step of the sweep looks at. */
    static final int SWEPT = 16;

    private static final long SWEEP_INTERVAL = 100 * Time.MILLIS;
    private static final int SLOTS = Character.MAX_VALUE;
    private static final int NOBODY = -1;

    private final AtomicReferenceArray<HolderSegment> segments = new AtomicReferenceArray<>(Delta.SEGMENTS);
    private final Map<Hint, Long> disowned = new ConcurrentHashMap<>();
    private final AtomicInteger size = new AtomicInteger();
    private final MemberTable table;
    private final int self;
    private final BitSet retired = new BitSet();
    private final BitSet sweeping = new BitSet();
    private final CharQueue free = new CharQueue();
    /** By slot: the member's number. */
    private volatile int[] owners = new int[8];

    private int slots;
    private int swept = Delta.SEGMENTS;
    private long sweepDue = Time.NEVER;

    /** @param self is no holder to itself */
    HolderIndex(MemberTable table, int self) {
        this.table = table;
        this.self = self;
    }

    /** Of one life of a member, so that it outlives a wrong report of its death. */
    private record Hint(int member, long epoch, long blob) {}

    private record Posting(int slot, long blob) {}

    @Override
    public List<Holder> holders(Digest digest) {
        long blob = Fingerprint.of(digest);
        HolderSegment segment = segments.get(Delta.segment(blob));
        if (segment == null) {
            return List.of();
        }
        HolderSegment.Blob found = segment.get(blob);
        int[] named = owners;
        List<Holder> holders = new ArrayList<>(found.count());
        for (int i = 0; i < found.count(); i++) {
            char slot = found.holder(i);
            int owner = slot < named.length ? named[slot] : NOBODY;
            Member member = owner == NOBODY || owner == self ? null : table.memberOrNull(owner);
            if (member != null && table.counts(owner)) {
                holders.add(new Holder(member, found.sizeBytes(i)));
            }
        }
        return holders;
    }

    /** Live holders in a zone, this node included, counted up to so many. */
    int holdersInZone(Digest digest, String zone, int most) {
        int count = 0;
        for (Holder holder : holders(digest)) {
            count += holder.member().zone().equals(zone) ? 1 : 0;
            if (count == most) {
                break;
            }
        }
        return count;
    }

    @Override
    public void disown(MemberId id, Digest digest) {
        int member = table.find(id);
        Inventory inventory = member == Directory.NONE ? null : table.inventoryOrNull(member);
        int slot = inventory == null ? NOBODY : inventory.slot();
        if (inventory == null || slot == NOBODY) {
            return;
        }
        if (disowned.size() >= DISOWNED) {
            disowned.clear();
        }
        long blob = Fingerprint.of(digest);
        disowned.put(new Hint(member, epoch(member), blob), inventory.shownVersion());
        remove(slot, blob);
    }

    private long epoch(int member) {
        Member known = member == NOBODY ? null : table.memberOrNull(member);
        return known == null ? -1 : known.epoch();
    }

    /** A slot for a life of the member; -1 if there is none. */
    int slotFor(int member) {
        int slot;
        if (free.size() > 0) {
            slot = free.peek();
            free.remove();
        } else if (slots < SLOTS) {
            slot = slots++;
        } else {
            return NOBODY;
        }
        if (slot >= owners.length) {
            owners = Arrays.copyOf(owners, slot + slot / 8 + 8);
        }
        owners[slot] = member;
        return slot;
    }

    /** That life of the member is over. */
    void retire(int slot, long now) {
        if (slot == NOBODY) {
            return;
        }
        int[] named = owners.clone();
        named[slot] = NOBODY;
        owners = named;
        retired.set(slot);
        sweepDue = Math.min(sweepDue, now + SWEEP_INTERVAL);
    }

    /** Postings, those of lives that are over included until they are swept. */
    int size() {
        return size.get();
    }

    long wakeAt() {
        return sweepDue;
    }

    /** Takes lives that are over out of some segments. */
    void sweep(long now) {
        if (now < sweepDue) {
            return;
        }
        if (swept >= Delta.SEGMENTS) {
            swept = 0;
            sweeping.clear();
            sweeping.or(retired);
        }
        for (int i = 0; i < SWEPT && swept < Delta.SEGMENTS; i++, swept++) {
            HolderSegment segment = segments.get(swept);
            if (segment != null) {
                List<Posting> gone = new ArrayList<>();
                segment.visit((blob, bytes, slot) -> {
                    if (sweeping.get(slot)) {
                        gone.add(new Posting(slot, blob));
                    }
                });
                gone.forEach(posting -> remove(posting.slot, posting.blob));
            }
        }
        if (swept >= Delta.SEGMENTS) {
            sweeping.stream().forEach(free::add);
            retired.andNot(sweeping);
        }
        sweepDue = swept < Delta.SEGMENTS || !retired.isEmpty() ? now + SWEEP_INTERVAL : Time.NEVER;
    }

    /**
     * A member's life says that it holds the blob.
     *
     * @param version of the change that says so; 0 if it is not known
     * @return whether that is kept and was not known
     */
    boolean add(int slot, long blob, long sizeBytes, long version) {
        if (slot == NOBODY || size.get() >= Limits.POSTINGS) {
            return false;
        }
        if (!disowned.isEmpty()) {
            int owner = owners[slot];
            Hint hint = new Hint(owner, epoch(owner), blob);
            Long refuted = disowned.get(hint);
            if (refuted != null && version <= refuted) {
                return false;
            }
            disowned.remove(hint);
        }
        int number = Delta.segment(blob);
        HolderSegment segment = segments.get(number);
        if (segment == null) {
            segment = new HolderSegment();
            segments.set(number, segment);
        }
        boolean added = segment.add(blob, sizeBytes, (char) slot);
        if (added) {
            size.incrementAndGet();
        }
        return added;
    }

    /** Whether it was known that this life holds the blob. */
    boolean remove(int slot, long blob) {
        HolderSegment segment = slot == NOBODY ? null : segments.get(Delta.segment(blob));
        boolean removed = segment != null && segment.remove(blob, (char) slot);
        if (removed) {
            size.decrementAndGet();
        }
        return removed;
    }

    /** The blob's size as this life says, or -1. */
    long sizeAt(int slot, long blob) {
        HolderSegment segment = slot == NOBODY ? null : segments.get(Delta.segment(blob));
        return segment == null ? -1 : segment.sizeAt(blob, (char) slot);
    }

    /** Takes out what that life says it holds in these segments and is not among these; returns how many. */
    int retain(int slot, int first, int end, List<Change> blobs) {
        Set<Long> kept = new HashSet<>();
        blobs.forEach(change -> kept.add(change.blob()));
        List<Posting> gone = new ArrayList<>();
        for (int number = first; number < end; number++) {
            visit(number, (blob, bytes, holder) -> {
                if (holder == slot && !kept.contains(blob)) {
                    gone.add(new Posting(slot, blob));
                }
            });
        }
        gone.forEach(posting -> remove(posting.slot, posting.blob));
        return gone.size();
    }

    void visit(int segment, HolderSegment.Visitor visitor) {
        @Nullable HolderSegment known = segments.get(segment);
        if (known != null) {
            known.visit(visitor);
        }
    }

    int slots() {
        return slots;
    }
}
