package ringpull.fetch;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import ringpull.blob.Digest;

/**
 * The last things that happened to blobs, for {@code ringpull trace}: answers, sources, and every fallback with its
 * reason. Keeps {@value #ENTRIES_MAX} entries; older ones go. Safe for many threads.
 */
public final class Journal {
    static final int ENTRIES_MAX = 4096;

    private final InstantSource clock;
    private final Deque<Entry> entries = new ArrayDeque<>();

    public Journal(InstantSource clock) {
        this.clock = clock;
    }

    /** Notes an event; {@code source} is empty unless bytes came or went. */
    public synchronized void note(Digest digest, String event, String source, long bytes, String detail) {
        if (entries.size() == ENTRIES_MAX) {
            entries.removeFirst();
        }
        entries.addLast(new Entry(clock.instant(), digest, event, source, bytes, detail));
    }

    /** The entries of one blob, oldest first. */
    public synchronized List<Entry> of(Digest digest) {
        List<Entry> found = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.digest.equals(digest)) {
                found.add(entry);
            }
        }
        return found;
    }

    /**
     * @param event one word: {@code answer}, {@code tag}, {@code peer}, {@code origin}, {@code fallback}, {@code proof}
     * @param source a member's name or an origin's endpoint
     */
    public record Entry(Instant at, Digest digest, String event, String source, long bytes, String detail) {}
}
