package ringpull.blob;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import ringpull.hash.Sha256;

/** A ladder that grows with the front of its blob: the chaining value after each chunk that was hashed. Safe for many threads. */
public final class Rungs {
    private final List<byte[]> pages = new ArrayList<>();
    private int count;

    /** None yet. */
    public Rungs() {}

    /**
     * As they were kept: full pages, and one that need not be.
     *
     * @throws IllegalArgumentException if these are no such pages
     */
    public Rungs(List<byte[]> kept) {
        for (byte[] page : kept) {
            boolean follows = count % Ladder.PAGE_RUNGS == 0;
            if (!follows
                    || page.length == 0
                    || page.length % Sha256.VALUE_BYTES != 0
                    || page.length > Ladder.PAGE_BYTES) {
                throw new IllegalArgumentException("a page of " + page.length + " bytes behind " + count + " rungs");
            }
            pages.add(Arrays.copyOf(page, Ladder.PAGE_BYTES));
            count += page.length / Sha256.VALUE_BYTES;
        }
    }

    synchronized void add(byte[] value) {
        int at = count % Ladder.PAGE_RUNGS;
        if (at == 0) {
            pages.add(new byte[Ladder.PAGE_BYTES]);
        }
        System.arraycopy(value, 0, pages.getLast(), at * Sha256.VALUE_BYTES, Sha256.VALUE_BYTES);
        count++;
    }

    /** How many chunks were hashed. */
    public synchronized int count() {
        return count;
    }

    /** A copy of a page, with no rung behind so many. */
    public synchronized byte[] page(int page, int rungs) {
        int length = Math.min(Ladder.PAGE_RUNGS, Math.min(count, rungs) - page * Ladder.PAGE_RUNGS);
        return Arrays.copyOf(pages.get(page), length * Sha256.VALUE_BYTES);
    }

    /** The chaining value where this chunk begins, the one behind those that were hashed at most. */
    synchronized byte[] rung(int chunk) {
        if (chunk == 0) {
            return Sha256.initialValue();
        }
        byte[] page = pages.get((chunk - 1) / Ladder.PAGE_RUNGS);
        int at = (chunk - 1) % Ladder.PAGE_RUNGS * Sha256.VALUE_BYTES;
        return Arrays.copyOfRange(page, at, at + Sha256.VALUE_BYTES);
    }

    /** The ladder of a blob of which every chunk but the last was seen. */
    synchronized Ladder ladder(long sizeBytes) {
        List<byte[]> whole = new ArrayList<>();
        for (int page = 0; page < Ladder.pageCount(sizeBytes); page++) {
            whole.add(page(page, Ladder.rungCount(sizeBytes)));
        }
        return new Ladder(sizeBytes, whole);
    }
}
