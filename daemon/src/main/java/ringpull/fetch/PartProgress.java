package ringpull.fetch;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * How far one blob of an image is on its way here.
 *
 * @param receivedBytes what has arrived, proven or not
 * @param source members' names and the origin's endpoint, once known; empty if the blob was here
 * @param peerBytes what came from neighbours, once known; {@code originBytes} likewise from the registry
 * @param note why it was skipped or failed; else empty, or a sentence worth knowing
 */
public record PartProgress(
        ImagePart part, long receivedBytes, State state, String source, long peerBytes, long originBytes, String note) {
    private static final int SOURCES_MAX = 8;

    /** The first two may be followed by others, the rest is final. */
    public enum State {
        WAITING,
        RUNNING,
        HERE,
        DONE,
        SKIPPED,
        FAILED;

        public boolean ended() {
            return this != WAITING && this != RUNNING;
        }
    }

    static PartProgress of(ImagePart part, long receivedBytes, State state, String note) {
        return new PartProgress(part, receivedBytes, state, "", 0, 0, note);
    }

    /** A blob that has arrived, with where its bytes came from according to what the journal has gained. */
    static PartProgress done(ImagePart part, List<Journal.Entry> before, List<Journal.Entry> after, String note) {
        Set<Journal.Entry> old = new HashSet<>(before);
        Set<String> sources = new LinkedHashSet<>();
        long peerBytes = 0;
        long originBytes = 0;
        for (Journal.Entry entry : after) {
            boolean peer = entry.event().equals("peer");
            boolean origin = entry.event().equals("origin");
            if (!old.contains(entry) && (peer || origin) && entry.bytes() > 0) {
                sources.add(entry.source());
                peerBytes += peer ? entry.bytes() : 0;
                originBytes += origin ? entry.bytes() : 0;
            }
        }
        List<String> named = sources.stream().limit(SOURCES_MAX).toList();
        String more = sources.size() > SOURCES_MAX ? " and " + (sources.size() - SOURCES_MAX) + " more" : "";
        return new PartProgress(
                part, part.sizeBytes(), State.DONE, String.join(", ", named) + more, peerBytes, originBytes, note);
    }
}
