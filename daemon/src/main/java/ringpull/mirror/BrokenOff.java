package ringpull.mirror;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import ringpull.blob.Digest;

/**
 * Blobs whose answers were broken off a moment ago. Their clients come back at once for the rest, and must get 404 rather
 * than a second wait: containerd then takes the rest from upstream, but fails the pull after a few answers without a
 * byte. Safe for many threads.
 */
final class BrokenOff {
    static final int DIGESTS_MAX = 1024;

    /** Clients resume within milliseconds; after this time a request is a new one. */
    static final Duration KEPT = Duration.ofSeconds(30);

    private final LongSupplier nanoTime;
    private final Map<Digest, Entry> entries = new LinkedHashMap<>();

    /** @param emptyHanded whether a client got not one byte: then its resume has no Range header */
    private record Entry(long atNanos, boolean emptyHanded) {}

    BrokenOff(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    synchronized void note(Digest digest, boolean emptyHanded) {
        Entry old = entries.remove(digest);
        boolean before = old != null && isFresh(old) && old.emptyHanded;
        entries.put(digest, new Entry(nanoTime.getAsLong(), emptyHanded || before));
        if (entries.size() > DIGESTS_MAX) {
            entries.remove(entries.keySet().iterator().next());
        }
    }

    /** Whether a request may be the resume of an answer that was broken off. */
    synchronized boolean mayResume(Digest digest, boolean hasRange) {
        Entry entry = entries.get(digest);
        if (entry == null) {
            return false;
        }
        if (!isFresh(entry)) {
            entries.remove(digest);
            return false;
        }
        return hasRange || entry.emptyHanded;
    }

    private boolean isFresh(Entry entry) {
        return nanoTime.getAsLong() - entry.atNanos < KEPT.toNanos();
    }
}
