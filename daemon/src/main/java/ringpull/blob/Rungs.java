package ringpull.blob;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import ringpull.hash.Sha256;

/** A ladder that grows with the front of its blob. Safe for many threads. */
final class Rungs {
    private final List<byte[]> pages = new ArrayList<>();
    private int count;

    synchronized void add(byte[] value) {
        int at = count % Ladder.PAGE_RUNGS;
        if (at == 0) {
            pages.add(new byte[Ladder.PAGE_BYTES]);
        }
        System.arraycopy(value, 0, pages.getLast(), at * Sha256.VALUE_BYTES, Sha256.VALUE_BYTES);
        count++;
    }

    synchronized int count() {
        return count;
    }

    /** The ladder of a blob of which every chunk but the last was seen. */
    synchronized Ladder ladder(long sizeBytes) {
        List<byte[]> whole = new ArrayList<>();
        for (int page = 0; page < Ladder.pageCount(sizeBytes); page++) {
            whole.add(Arrays.copyOf(pages.get(page), Ladder.pageBytes(page, sizeBytes)));
        }
        return new Ladder(sizeBytes, whole);
    }
}
