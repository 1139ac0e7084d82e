package ringpull.ring;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * A part of the {@link HolderIndex}: blobs by fingerprint, and of each its size and its holders. An open hash table whose
 * entries point into one array of holders; some four bytes a holder in all. Writers lock it; readers do not, but look
 * whether a writer was there meanwhile.
 */
final class HolderSegment {
    private static final int LOAD_PERCENT = 85;
    /** What is beside the int of a size: up to 2^48 bytes. */
    private static final long LARGEST = (1L << 48) - 1;

    private static final int TRIES = 4;

    /** Blobs of a segment about whose size holders disagree; further such holders are not kept. */
    private static final int ODD = 256;

    private static final char[] NOBODY = {};

    private final StampedLock lock = new StampedLock();
    private Table table = new Table(4, false);
    private char[] holders = new char[8];
    private int used = 1; // 0 means: no entry
    private int garbage;
    private int blobs;
    /** By blob and holder: sizes that differ from the one that the blob's first holder said; one of the two is wrong. */
    private @Nullable Map<Long, Map<Character, Long>> oddSizes;

    /** Blobs: fingerprint, size in bytes in two parts, place of the holders: their count, then they. */
    private static final class Table {
        private final long[] prints;
        private final int[] sizes;
        /** Empty while no size needs them. */
        private char[] upperSizes;

        private final int[] places;

        private Table(int capacity, boolean large) {
            prints = new long[capacity];
            sizes = new int[capacity];
            upperSizes = large ? new char[capacity] : NOBODY;
            places = new int[capacity];
        }

        private boolean isLarge() {
            return upperSizes.length > 0;
        }

        private long size(int at) {
            long upper = isLarge() ? upperSizes[at] : 0;
            return upper << Integer.SIZE | Integer.toUnsignedLong(sizes[at]);
        }

        private void setSize(int at, long sizeBytes) {
            sizes[at] = (int) sizeBytes;
            char upper = (char) (sizeBytes >>> Integer.SIZE);
            if (upper != 0 && !isLarge()) {
                upperSizes = new char[prints.length];
            }
            if (isLarge()) {
                upperSizes[at] = upper;
            }
        }

        private void move(Table from, int index, int to) {
            prints[to] = from.prints[index];
            sizes[to] = from.sizes[index];
            if (from.isLarge()) {
                upperSizes[to] = from.upperSizes[index];
            }
        }

        /** Where the blob is, or where it would be. */
        private int find(long print) {
            int at = (int) Long.remainderUnsigned(print, prints.length);
            while (places[at] != 0 && prints[at] != print) {
                at = at + 1 == prints.length ? 0 : at + 1;
            }
            return at;
        }
    }

    /** What is known of one blob. */
    static final class Blob {
        private final long sizeBytes;
        private final char[] holders;

        private final Map<Character, Long> oddSizes;

        private Blob(long sizeBytes, char[] holders, Map<Character, Long> oddSizes) {
            this.sizeBytes = sizeBytes;
            this.holders = holders;
            this.oddSizes = oddSizes;
        }

        /** As that holder says. */
        long sizeBytes(int index) {
            return oddSizes.isEmpty() ? sizeBytes : oddSizes.getOrDefault(holders[index], sizeBytes);
        }

        int count() {
            return holders.length;
        }

        char holder(int index) {
            return holders[index];
        }
    }

    private static final Blob UNKNOWN = new Blob(0, NOBODY, Map.of());

    /** For any thread. */
    Blob get(long print) {
        for (int i = 0; i < TRIES; i++) {
            long stamp = lock.tryOptimisticRead();
            if (stamp != 0) {
                Blob found = tryRead(print);
                if (lock.validate(stamp) && found != null) {
                    return found;
                }
            }
        }
        long stamp = lock.readLock();
        try {
            return read(print);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Null if a writer was there and left nothing that could be read. */
    private @Nullable Blob tryRead(long print) {
        try {
            return read(print);
        } catch (IndexOutOfBoundsException | NegativeArraySizeException e) {
            return null; // torn
        }
    }

    private Blob read(long print) {
        Table now = table;
        char[] all = holders;
        int at = now.find(print);
        int place = now.places[at];
        if (place == 0) {
            return UNKNOWN;
        }
        int count = all[place];
        return new Blob(now.size(at), Arrays.copyOfRange(all, place + 1, place + 1 + count), odd(print));
    }

    private Map<Character, Long> odd(long print) {
        Map<Long, Map<Character, Long>> all = oddSizes;
        return all == null ? Map.of() : all.getOrDefault(print, Map.of());
    }

    private long size(Table now, int at, char holder) {
        Map<Character, Long> odd = odd(now.prints[at]);
        return odd.isEmpty() ? now.size(at) : odd.getOrDefault(holder, now.size(at));
    }

    /** True if it was not known as a holder. */
    boolean add(long print, long saidBytes, char holder) {
        long sizeBytes = Math.min(saidBytes, LARGEST);
        long stamp = lock.writeLock();
        try {
            if ((blobs + 1) * 100 > table.prints.length * LOAD_PERCENT) {
                resize(Math.max(8, table.prints.length + table.prints.length / 8 + 1));
            }
            int at = table.find(print);
            boolean isNew = table.places[at] == 0;
            if (isNew) {
                table.prints[at] = print;
                blobs++;
                table.setSize(at, sizeBytes);
                return first(at, holder);
            }
            return agree(at, holder, sizeBytes) && more(at, holder);
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Remembers the size that the holder says, if it is another than the first holder's; false if there is no room. */
    private boolean agree(int at, char holder, long sizeBytes) {
        if (size(table, at, holder) == sizeBytes) {
            return true;
        }
        long print = table.prints[at];
        Map<Character, Long> odd = new HashMap<>(odd(print));
        if (table.size(at) == sizeBytes) {
            odd.remove(holder);
        } else if (oddSizes == null || oddSizes.size() < ODD || !odd.isEmpty()) {
            odd.put(holder, sizeBytes);
        } else {
            return false;
        }
        setOdd(print, odd);
        return true;
    }

    private void setOdd(long print, Map<Character, Long> odd) {
        Map<Long, Map<Character, Long>> all = oddSizes == null ? new HashMap<>() : new HashMap<>(oddSizes);
        if (odd.isEmpty()) {
            all.remove(print);
        } else {
            all.put(print, odd);
        }
        oddSizes = all.isEmpty() ? null : all;
    }

    private boolean first(int at, char holder) {
        int place = allocate(1);
        holders[place] = 1;
        holders[place + 1] = holder;
        table.places[at] = place;
        return true;
    }

    private boolean more(int at, char holder) {
        int place = table.places[at];
        int count = holders[place];
        for (int i = 1; i <= count; i++) {
            if (holders[place + i] == holder) {
                return false;
            }
        }
        if (count == Character.MAX_VALUE) {
            return false;
        }
        if (count == room(count)) {
            int larger = allocate(count + 1);
            place = table.places[at]; // it may have moved
            System.arraycopy(holders, place, holders, larger, count + 1);
            garbage += 1 + room(count);
            place = larger;
            table.places[at] = place;
        }
        holders[place] = (char) (count + 1);
        holders[place + count + 1] = holder;
        return true;
    }

    /** Places for so many holders. */
    private static int room(int count) {
        int step = count <= 16 ? 2 : 8;
        return count == 1 ? 1 : (count + step - 1) / step * step;
    }

    private int allocate(int count) {
        int size = 1 + room(count);
        if (used + size > holders.length) {
            compact(size);
        }
        int place = used;
        used += size;
        return place;
    }

    /** Moves all lists together into a new array that has room for a little more. */
    private void compact(int more) {
        int needed = used - garbage + more;
        char[] moved = new char[needed + needed / 12 + 8];
        int at = 1;
        for (int i = 0; i < table.places.length; i++) {
            int place = table.places[i];
            if (place != 0) {
                int size = 1 + room(holders[place]);
                System.arraycopy(holders, place, moved, at, size);
                table.places[i] = at;
                at += size;
            }
        }
        holders = moved;
        used = at;
        garbage = 0;
    }

    private void resize(int capacity) {
        Table old = table;
        Table larger = new Table(capacity, old.isLarge());
        for (int i = 0; i < old.places.length; i++) {
            if (old.places[i] != 0) {
                int at = larger.find(old.prints[i]);
                larger.move(old, i, at);
                larger.places[at] = old.places[i];
            }
        }
        table = larger;
    }

    /** True if it was known as a holder. For any thread. */
    boolean remove(long print, char holder) {
        long stamp = lock.writeLock();
        try {
            int at = table.find(print);
            return table.places[at] != 0 && remove(at, holder);
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    private boolean remove(int at, char holder) {
        int place = table.places[at];
        int count = holders[place];
        for (int i = 1; i <= count; i++) {
            if (holders[place + i] == holder) {
                if (odd(table.prints[at]).containsKey(holder)) {
                    Map<Character, Long> odd = new HashMap<>(odd(table.prints[at]));
                    odd.remove(holder);
                    setOdd(table.prints[at], odd);
                }
                garbage += room(count) - (count == 1 ? -1 : room(count - 1));
                holders[place + i] = holders[place + count];
                holders[place] = (char) (count - 1);
                if (count == 1) {
                    forget(at);
                }
                return true;
            }
        }
        return false;
    }

    /** Takes a blob out, and closes the gap in the table. */
    private void forget(int at) {
        blobs--;
        int length = table.prints.length;
        int gap = at;
        table.places[gap] = 0;
        for (int i = (gap + 1) % length; table.places[i] != 0; i = (i + 1) % length) {
            int home = (int) Long.remainderUnsigned(table.prints[i], length);
            boolean before = gap <= i ? home <= gap || home > i : home <= gap && home > i;
            if (before) {
                table.move(table, i, gap);
                table.places[gap] = table.places[i];
                table.places[i] = 0;
                gap = i;
            }
        }
    }

    /** The blob's size if that one holds it, else -1. By the thread that writes. */
    long sizeAt(long print, char holder) {
        int at = table.find(print);
        int place = table.places[at];
        for (int i = 1; place != 0 && i <= holders[place]; i++) {
            if (holders[place + i] == holder) {
                return size(table, at, holder);
            }
        }
        return -1;
    }

    /** Hears of blobs and their holders. */
    interface Visitor {
        void blob(long print, long sizeBytes, char holder);
    }

    /** By the thread that writes. */
    void visit(Visitor visitor) {
        for (int at = 0; at < table.places.length; at++) {
            int place = table.places[at];
            for (int i = 1; place != 0 && i <= holders[place]; i++) {
                char holder = holders[place + i];
                visitor.blob(table.prints[at], size(table, at, holder), holder);
            }
        }
    }
}
