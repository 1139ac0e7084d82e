package ringpull.fetch;

import java.util.LinkedHashMap;
import java.util.Map;
import ringpull.blame.Reputation;
import ringpull.blob.Digest;

/** Evidence about blobs that did not prove yet: a client that has bytes ends a fetch, and the next one may prove. Safe for many threads. */
final class OpenCases {
    private static final int OPEN_MAX = 8;

    private final Reputation reputation;
    private final SecondReading secondReading;
    private final Journal journal;
    private final Map<Digest, Evidence> open = new LinkedHashMap<>();

    OpenCases(Reputation reputation, SecondReading secondReading, Journal journal) {
        this.reputation = reputation;
        this.secondReading = secondReading;
        this.journal = journal;
    }

    /** What is known of this blob, or nothing yet. */
    synchronized Evidence of(Digest digest) {
        Evidence evidence = open.remove(digest);
        return evidence == null ? new Evidence(digest, reputation, secondReading, journal) : evidence;
    }

    /** The blob did not prove: kept for its next fetch. */
    synchronized void keep(Digest digest, Evidence evidence) {
        open.put(digest, evidence);
        if (open.size() > OPEN_MAX) {
            open.remove(open.keySet().iterator().next());
        }
    }
}
