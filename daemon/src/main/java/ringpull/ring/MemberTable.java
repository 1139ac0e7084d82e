package ringpull.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringpull.ring.Membership.Status;

/**
 * The columns of what a ring knows of its members, by their numbers in the {@link Directory}: some thirty bytes a member
 * beside the {@link Member} itself, which is shared with whoever told of it. Written by the ring's own thread; members and
 * their states may be read by any.
 */
final class MemberTable {
    private static final char END = Character.MAX_VALUE;
    private static final VarHandle STATE = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle MEMBER = MethodHandles.arrayElementVarHandle(Member[].class);
    private static final List<Status> STATUSES = List.of(Status.ALIVE, Status.SUSPECT, Status.DEAD, Status.LEFT);
    private static final long STATUS = 3;
    private static final long ELIGIBLE = 4;

    /** Steps of the clock in which it remembers when a member was heard of. */
    private static final long STEP = 100 * Time.MILLIS;

    private final Directory directory;
    private final char[] first = new char[HashTree.BUCKETS];
    private char[] next = {};
    private char[] live = {};
    private char[] liveAt = {};
    private int liveCount;
    private int size;
    private volatile @Nullable Member[] members = {};
    /** Incarnation, eligible (1 bit), status (2 bits). */
    private volatile long[] states = {};

    private volatile int[] heard = {};
    private volatile byte[] health = {};
    private volatile @Nullable Inventory[] inventories = {};

    MemberTable(Directory directory) {
        this.directory = directory;
        Arrays.fill(first, END);
    }

    /** The member's number if it is known here, else {@link Directory#NONE}. For any thread. */
    int find(MemberId id) {
        int ordinal = directory.find(id);
        return ordinal != Directory.NONE && isKnown(ordinal) ? ordinal : Directory.NONE;
    }

    boolean isKnown(int ordinal) {
        return memberOrNull(ordinal) != null;
    }

    /** Adds a member that is not known. */
    int add(Member member, long incarnation, Status status, boolean eligible) {
        int ordinal = directory.acquire(member.id());
        if (ordinal >= END) {
            directory.release(ordinal);
            throw new IllegalStateException("more members than a ring can number");
        }
        if (ordinal >= next.length) {
            grow(ordinal + 1);
        }
        int bucket = bucket(ordinal);
        next[ordinal] = first[bucket];
        first[bucket] = (char) ordinal;
        liveAt[ordinal] = END;
        health[ordinal] = 0;
        size++;
        set(ordinal, member, incarnation, status, eligible);
        return ordinal;
    }

    private void grow(int least) {
        int old = next.length;
        int capacity = Math.max(least, old + old / 8 + 16);
        next = Arrays.copyOf(next, capacity);
        live = Arrays.copyOf(live, capacity);
        liveAt = Arrays.copyOf(liveAt, capacity);
        Arrays.fill(liveAt, old, capacity, END);
        states = Arrays.copyOf(states, capacity);
        heard = Arrays.copyOf(heard, capacity);
        health = Arrays.copyOf(health, capacity);
        inventories = inventories.length == 0 ? inventories : Arrays.copyOf(inventories, capacity);
        members = Arrays.copyOf(members, capacity);
    }

    void set(int ordinal, Member member, long incarnation, Status status, boolean eligible) {
        STATE.setRelease(states, ordinal, incarnation << 3 | (eligible ? ELIGIBLE : 0) | STATUSES.indexOf(status));
        MEMBER.setRelease(members, ordinal, member);
    }

    void remove(int ordinal) {
        setLive(ordinal, false);
        int bucket = bucket(ordinal);
        if (first[bucket] == ordinal) {
            first[bucket] = next[ordinal];
        } else {
            int before = first[bucket];
            while (next[before] != ordinal) {
                before = next[before];
            }
            next[before] = next[ordinal];
        }
        if (inventories.length > 0) {
            inventories[ordinal] = null;
        }
        MEMBER.setRelease(members, ordinal, (Member) null);
        size--;
        directory.release(ordinal);
    }

    /** All that are known, this node and the dead included. */
    int size() {
        return size;
    }

    /** One more than the highest number in use. For any thread. */
    int capacity() {
        return members.length;
    }

    /** For any thread. */
    @Nullable
    Member memberOrNull(int ordinal) {
        @Nullable Member[] all = members;
        return ordinal < all.length ? (Member) MEMBER.getAcquire(all, ordinal) : null;
    }

    Member member(int ordinal) {
        Member member = memberOrNull(ordinal);
        if (member == null) {
            throw new IllegalStateException("no member " + ordinal);
        }
        return member;
    }

    private long state(int ordinal) {
        return (long) STATE.getAcquire(states, ordinal);
    }

    Status status(int ordinal) {
        return status(state(ordinal));
    }

    private static Status status(long state) {
        return STATUSES.get((int) (state & STATUS));
    }

    boolean counts(int ordinal) {
        return status(ordinal).counts();
    }

    /** Whether it counts, and is eligible. */
    boolean owns(int ordinal) {
        long state = state(ordinal);
        return (state & ELIGIBLE) != 0 && status(state).counts();
    }

    boolean eligible(int ordinal) {
        return (state(ordinal) & ELIGIBLE) != 0;
    }

    long incarnation(int ordinal) {
        return state(ordinal) >>> 3;
    }

    long key(int ordinal) {
        return directory.key(ordinal);
    }

    int bucket(int ordinal) {
        return HashTree.bucket(key(ordinal));
    }

    /** All members, the dead included, of a bucket or a group of the {@link HashTree}. */
    int[] of(int number, boolean wide) {
        int[] found = new int[16];
        int count = 0;
        for (int bucket = Bucket.first(number, wide); bucket < Bucket.end(number, wide); bucket++) {
            for (char member = first[bucket]; member != END; member = next[member]) {
                if (count == found.length) {
                    found = Arrays.copyOf(found, 2 * count);
                }
                found[count++] = member;
            }
        }
        return Arrays.copyOf(found, count);
    }

    void setLive(int ordinal, boolean isLive) {
        if (isLive == (liveAt[ordinal] != END)) {
            return;
        }
        if (isLive) {
            live[liveCount] = (char) ordinal;
            liveAt[ordinal] = (char) liveCount;
            liveCount++;
        } else {
            liveCount--;
            char last = live[liveCount];
            live[liveAt[ordinal]] = last;
            liveAt[last] = liveAt[ordinal];
            liveAt[ordinal] = END;
        }
    }

    /** Members other than this node that are alive or suspect. */
    int liveCount() {
        return liveCount;
    }

    /** One of them, from 0. */
    int live(int index) {
        return live[index];
    }

    void heard(int ordinal, long now) {
        heard[ordinal] = (int) (now / STEP);
    }

    /** For any thread. */
    long heardAt(int ordinal) {
        return heard[ordinal] * STEP;
    }

    void health(int ordinal, int score) {
        health[ordinal] = (byte) score;
    }

    /** For any thread. */
    int health(int ordinal) {
        return health[ordinal];
    }

    /** For any thread. */
    @Nullable
    Inventory inventoryOrNull(int ordinal) {
        @Nullable Inventory[] all = inventories;
        return ordinal < all.length ? all[ordinal] : null;
    }

    Inventory inventory(int ordinal) {
        return inventory(ordinal, Inventory.LOG);
    }

    /** @param remembered changes, if it is new */
    Inventory inventory(int ordinal, int remembered) {
        if (inventories.length == 0) {
            inventories = new Inventory[next.length];
        }
        Inventory known = inventories[ordinal];
        if (known == null) {
            known = new Inventory(remembered);
            inventories[ordinal] = known;
        }
        return known;
    }

    void forgetInventory(int ordinal) {
        inventories[ordinal] = null;
    }
}
