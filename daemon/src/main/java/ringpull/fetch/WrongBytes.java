package ringpull.fetch;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.metrics.Meters;

/**
 * Bytes that left before their blob was proven, and were not the blob's: two members lied alike, or an origin did. Their
 * answer ends before the last chunk, and whoever can make the client forget them is told. Safe for many threads.
 */
final class WrongBytes {
    private static final Logger log = LoggerFactory.getLogger(WrongBytes.class);

    private final Journal journal;
    private final Meters meters;
    private final List<Consumer<Digest>> listeners = new CopyOnWriteArrayList<>();

    WrongBytes(Journal journal, Meters meters) {
        this.journal = journal;
        this.meters = meters;
    }

    void onLeft(Consumer<Digest> listener) {
        listeners.add(listener);
    }

    void left(Digest digest, String why) {
        meters.wrongBytesLeft();
        journal.note(digest, "poisoned", "", 0, "a client has bytes that are not the blob's: " + why);
        log.error(
                "{}: a client was given bytes that are not the blob's, and not the last chunk. If a pull of it fails"
                        + " now, run \"ringpull repair containerd\" as root on this node. {}",
                digest,
                why);
        listeners.forEach(listener -> listener.accept(digest));
    }
}
