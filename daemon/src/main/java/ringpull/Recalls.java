package ringpull;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.fetch.Journal;
import ringpull.helper.HelperClient;
import ringpull.helper.Request;
import ringpull.os.Descriptor;
import ringpull.store.FileBlobStore;

/**
 * Blobs of which a client has wrong bytes. As soon as one is proven here, the root helper is given it, to throw away what
 * containerd keeps of it and is something else; where no helper runs, the operator is told. For any thread.
 */
final class Recalls implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Recalls.class);

    private static final int BLOBS_MAX = 64;

    /** containerd forgets what was not finished after a day. */
    private static final Duration KEPT = Duration.ofDays(1);

    /** The helper hashes the blob. */
    private static final Duration ANSWER_MAX = Duration.ofMinutes(30);

    private static final long FIRST_DELAY_MILLIS = 250;
    private static final long DELAY_MILLIS_MAX = 60_000;

    /** Until nothing is found: containerd writes what it was sent within seconds. */
    private static final int ASKED_MAX = 8;

    private final Path helper;
    private final Function<Digest, Optional<Path>> files;
    private final Journal journal;
    private final InstantSource clock;
    private final Map<Digest, Open> open = new LinkedHashMap<>();
    private final LongAdder recalled = new LongAdder();
    // Calls of the helper block, and not as virtual threads do.
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("recalls").daemon().factory());

    private static final class Open {
        private final Instant since;
        private long delayMillis = FIRST_DELAY_MILLIS;
        private int asked;
        private boolean told;

        Open(Instant since) {
            this.since = since;
        }
    }

    /**
     * @param helper its Unix socket, where one may run
     * @param files of blobs that are complete here
     */
    private Recalls(Path helper, Function<Digest, Optional<Path>> files, Journal journal, InstantSource clock) {
        this.helper = helper;
        this.files = files;
        this.journal = journal;
        this.clock = clock;
    }

    /** As the configuration says where the helper is. */
    static Recalls of(FileBlobStore store, Config.Helper helper, Journal journal, InstantSource clock) {
        return new Recalls(
                helper.socket(), digest -> store.find(digest).map(blob -> store.fileOf(digest)), journal, clock);
    }

    /** A client was given bytes of this blob that are not its. */
    synchronized void left(Digest digest) {
        Open blob = new Open(clock.instant());
        Open before = open.put(digest, blob);
        if (open.size() > BLOBS_MAX) {
            open.remove(open.keySet().iterator().next());
        }
        if (before == null) {
            later(digest, blob);
        }
    }

    /** Ingests of containerd's that are gone since the start. */
    long recalled() {
        return recalled.sum();
    }

    /** What an operator has to do, in a sentence each. */
    synchronized List<String> problems() {
        forgetOld();
        return open.keySet().stream()
                .map(digest -> "a client was given wrong bytes of " + digest
                        + ": if pulls of it fail, run \"ringpull repair"
                        + " containerd\" as root on this node (\"ringpull helper\", where it runs, does it by itself)")
                .toList();
    }

    private synchronized void forgetOld() {
        Instant oldest = clock.instant().minus(KEPT);
        open.values().removeIf(blob -> blob.since.isBefore(oldest));
    }

    private synchronized void later(Digest digest, Open blob) {
        try {
            var _ = thread.schedule(() -> look(digest), blob.delayMillis, TimeUnit.MILLISECONDS);
            blob.delayMillis = Math.min(2 * blob.delayMillis, DELAY_MILLIS_MAX);
        } catch (RejectedExecutionException e) {
            log.debug("the daemon stops");
        }
    }

    private void look(Digest digest) {
        try {
            tryOnce(digest);
        } catch (RuntimeException | LinkageError e) {
            log.error("taking back wrong bytes of {} met a defect", digest, e);
        }
    }

    private void tryOnce(Digest digest) {
        forgetOld();
        Open blob;
        synchronized (this) {
            blob = open.get(digest);
        }
        if (blob == null) {
            return;
        }
        Optional<Path> file = files.apply(digest);
        if (file.isPresent() && !ask(digest, file.get(), blob)) {
            return;
        }
        later(digest, blob);
    }

    /** Whether to look again. */
    private boolean ask(Digest digest, Path file, Open blob) {
        int gone;
        try (HelperClient client = HelperClient.connect(helper);
                Descriptor bytes = Descriptor.open(file)) {
            gone = client.ask(new Request.Abort(digest), bytes, ANSWER_MAX);
        } catch (IOException e) {
            if (!blob.told) {
                log.warn(
                        "containerd may keep wrong bytes of {}, and no helper throws them away: {}",
                        digest,
                        e.getMessage());
                blob.told = true;
            }
            return true;
        }
        blob.asked++;
        recalled.add(gone);
        if (gone == 0 && blob.asked < ASKED_MAX) {
            return true;
        }
        if (gone > 0) {
            journal.note(digest, "recalled", "", 0, "containerd forgot wrong bytes of it: the next pull begins anew");
            log.info("{} of containerd's ingests of {} held wrong bytes and are gone", gone, digest);
        }
        synchronized (this) {
            open.remove(digest, blob);
        }
        return false;
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
