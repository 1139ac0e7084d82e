package ringpull.fetch;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import ringpull.blob.Digest;

/**
 * Blobs that found no room in the store lately: they go past it without another try at a reservation. Keeps the newest
 * {@value #DIGESTS_MAX}.
 */
final class NoRoom {
    private static final long LASTS_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final int DIGESTS_MAX = 1024;

    private final LongSupplier nanoTime;
    private final Map<Digest, Long> since = new LinkedHashMap<>();

    NoRoom(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    synchronized void add(Digest digest) {
        since.remove(digest);
        since.put(digest, nanoTime.getAsLong());
        if (since.size() > DIGESTS_MAX) {
            since.remove(since.keySet().iterator().next());
        }
    }

    synchronized boolean contains(Digest digest) {
        Long at = since.get(digest);
        return at != null && nanoTime.getAsLong() - at < LASTS_NANOS;
    }
}
