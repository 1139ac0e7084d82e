package ringpull.scrub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.os.IdlePriority;
import ringpull.store.BlobStore;
import ringpull.store.StoredBlob;

/**
 * Proves every stored blob again within a period, in the order of the digests, on one thread at idle priority; where it
 * was is kept in a file, so that restarts do not make it begin anew.
 */
public final class Scrubber implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Scrubber.class);

    /** Before the first blob: a daemon that starts has better to do. */
    private static final Duration START_WAIT = Duration.ofMinutes(1);

    /** After each blob, however small; and the longest wait, so that what comes meanwhile changes the pace. */
    private static final Duration WAIT_MIN = Duration.ofSeconds(1);

    private static final Duration WAIT_MAX = Duration.ofHours(1);

    private static final Duration STOP_WAIT = Duration.ofSeconds(10);

    private final BlobStore store;
    private final Verifier verifier;
    private final Path cursor;
    private final Duration period;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;

    private Scrubber(BlobStore store, Verifier verifier, Path cursor, Duration period) {
        this.store = store;
        this.verifier = verifier;
        this.cursor = cursor;
        this.period = period;
        this.thread = Thread.ofPlatform().daemon().name("scrub").unstarted(this::run);
    }

    /** @param cursor the file that says which blob was proven last; made when it is needed */
    public static Scrubber start(BlobStore store, Verifier verifier, Path cursor, Duration period) {
        Scrubber scrubber = new Scrubber(store, verifier, cursor, period);
        scrubber.thread.start();
        return scrubber;
    }

    private void run() {
        try {
            rest(START_WAIT.toNanos());
            IdlePriority.take();
            while (true) {
                Optional<StoredBlob> next = next();
                if (next.isPresent()) {
                    verifier.verifyHere(next.get().digest(), new Pace());
                    writeCursor(next.get().digest());
                }
                rest((next.isPresent() ? WAIT_MIN : WAIT_MAX).toNanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.warn("blobs on disk are not proven again until the daemon starts anew: {}", e.toString());
        }
    }

    /** No longer than the period. */
    private void rest(long nanos) throws InterruptedException {
        if (stopped.await(Math.clamp(nanos, 0, Math.min(period.toNanos(), WAIT_MAX.toNanos())), TimeUnit.NANOSECONDS)) {
            throw new InterruptedException("the daemon stops");
        }
    }

    /** The one after the last, in the order of the digests; behind the last of all comes the first. */
    private Optional<StoredBlob> next() throws IOException {
        List<StoredBlob> blobs = store.list().stream()
                .sorted(Comparator.comparing(StoredBlob::digest))
                .toList();
        Optional<Digest> last = readCursor();
        return blobs.stream()
                .filter(blob -> last.isPresent() && blob.digest().compareTo(last.get()) > 0)
                .findFirst()
                .or(() -> blobs.stream().findFirst());
    }

    private Optional<Digest> readCursor() throws IOException {
        return Files.exists(cursor) ? Digest.tryParse(Files.readString(cursor).strip()) : Optional.empty();
    }

    private void writeCursor(Digest digest) throws IOException {
        Path fresh = cursor.resolveSibling(cursor.getFileName() + ".new");
        Files.writeString(fresh, digest + "\n");
        Files.move(fresh, cursor, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Each byte has its share of the period. */
    private final class Pace implements Verifier.Progress {
        private final double nanosPerByte;
        private long since = System.nanoTime();

        Pace() {
            long total = store.list().stream().mapToLong(StoredBlob::sizeBytes).sum();
            nanosPerByte = (double) period.toNanos() / Math.max(1, total);
        }

        @Override
        public void verified(long bytes) throws InterruptedException {
            rest((long) (bytes * nanosPerByte) - (System.nanoTime() - since));
            since = System.nanoTime();
        }
    }

    /** Returns when it has ended, so that it neither reads a store that is closed nor writes its cursor afterwards. */
    @Override
    public void close() {
        stopped.countDown();
        thread.interrupt();
        try {
            if (!thread.join(STOP_WAIT)) {
                log.warn("the scrub does not end: is the disk well?");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
