package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.helper.Endpoint;
import ringpull.transport.ChunkSource;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/**
 * The serving side: shows blobs to other members through the kernel's target, each for as long as a lease lasts. For any
 * thread; the state is one thread's.
 */
public final class Exports implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Exports.class);

    /** A copy that takes longer goes on, but the reader asks somebody else, or in another way, for now. */
    private static final Duration COPY_WAIT = Duration.ofMillis(1500);

    private static final Duration SWEEP = Duration.ofSeconds(2);

    private final OwnTarget target;
    private final ShownBlobs shown;
    private final ChunkSource source;
    private final Sessions sessions;
    private final Copies copies;
    private final ExecutorService copying = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("export-copy").factory());
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("exports").factory());

    /** Why a reader gets no lease, in a sentence that it may see. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        private Refused(String why) {
            super(why);
        }
    }

    private Exports(OwnTarget target, Endpoint endpoint, ChunkSource source, Sessions sessions, Copies copies) {
        this.target = target;
        this.shown = new ShownBlobs(target, endpoint, System::nanoTime);
        this.source = source;
        this.sessions = sessions;
        this.copies = copies;
    }

    /**
     * Listens for readers.
     *
     * @param directory for copies that share blocks with blobs, beside them; its content is removed
     * @param memoryMax bytes of copies in memory, where blocks cannot be shared
     * @throws IOException with a sentence, if this node cannot show blobs
     */
    public static Exports start(
            Path helperSocket, Endpoint endpoint, ChunkSource source, Sessions sessions, Path directory, long memoryMax)
            throws IOException {
        Copies copies = new Copies(directory, memoryMax);
        if (copies.how().isEmpty()) {
            copies.close();
            throw new IOException(
                    copies.whyNotOnDisk() + ", and [nvmeof] memory is 0: nothing may be shown to readers");
        }
        Exports exports = new Exports(new OwnTarget(helperSocket, endpoint), endpoint, source, sessions, copies);
        try {
            exports.target.connect();
        } catch (IOException e) {
            exports.close();
            throw e;
        }
        long sweep = SWEEP.toNanos();
        var _ = exports.thread.scheduleWithFixedDelay(exports::sweep, sweep, sweep, TimeUnit.NANOSECONDS);
        log.info("blobs are shown at {}, as {}", endpoint, copies.how());
        return exports;
    }

    /**
     * Shows a blob to a member, or goes on showing it.
     *
     * @param member whose certificate asks
     * @param session one that it has with this node
     * @return empty if the blob is not held whole
     * @throws ChunkSource.Busy if not now
     * @throws IOException if the kernel, the helper or the disk did not do it; logged
     */
    public Optional<Lease> lease(String member, String session, Digest digest)
            throws Refused, IOException, InterruptedException {
        Session known = sessions.find(member, session)
                .orElseThrow(() -> new Refused("the session is over, or is not this member's"));
        Optional<Lease> running = there(() -> shown.again(known, digest));
        if (running.isPresent()) {
            return running;
        }
        Optional<BlobFile> blob = source.open(digest);
        if (blob.isEmpty()) {
            return Optional.empty();
        }
        Copies.Copy copy = copy(blob.get());
        long sizeBytes = blob.get().sizeBytes();
        return Optional.of(there(() -> shown.show(member, known, digest, copy, sizeBytes)));
    }

    /** @param blob is closed when it was copied, or was not */
    private Copies.Copy copy(BlobFile blob) throws IOException, InterruptedException {
        CompletableFuture<Copies.Copy> made = new CompletableFuture<>();
        try {
            copying.execute(() -> {
                try (blob) {
                    made.complete(copies.of(blob));
                } catch (IOException | RuntimeException e) {
                    made.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            blob.close();
            throw new IOException("this node is stopping", e);
        }
        try {
            return await(made, COPY_WAIT);
        } catch (ChunkSource.Busy | InterruptedException e) {
            // In memory it stays for whoever asks again.
            var _ = made.thenAccept(Copies.Copy::close);
            throw e;
        }
    }

    /** On the thread that owns the state. */
    private <T> T there(Callable<T> task) throws IOException, InterruptedException {
        Future<T> result;
        try {
            result = thread.submit(task);
        } catch (RejectedExecutionException e) {
            throw new IOException("this node is stopping", e);
        }
        return await(result, OwnTarget.WAIT.multipliedBy(2));
    }

    private static <T> T await(Future<T> result, Duration wait) throws IOException, InterruptedException {
        try {
            return result.get(wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new ChunkSource.Busy("it is being copied, or the kernel takes its time");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw new IOException("an export met a defect", e.getCause());
        }
    }

    /** The member needs it no more. What is not known is no failure. */
    public void release(String member, String session, UUID namespace) {
        if (sessions.find(member, session).isPresent()) {
            run(() -> shown.hide(session, namespace));
        }
    }

    /** Ends all, as when certificates were withdrawn. */
    public void clear() {
        run(shown::dismissAll);
    }

    /** How many blobs are shown, each reader's counted. */
    public int count() {
        return shown.count();
    }

    private void run(Runnable task) {
        try {
            thread.execute(() -> {
                try {
                    task.run();
                } catch (RuntimeException e) {
                    log.error("exports met a defect", e);
                }
            });
        } catch (RejectedExecutionException e) {
            log.debug("closed meanwhile");
        }
    }

    private void sweep() {
        try {
            shown.sweep();
        } catch (RuntimeException e) {
            log.error("exports met a defect", e);
        }
    }

    /** Ends every export. */
    @Override
    public void close() {
        copying.shutdownNow();
        thread.shutdownNow();
        try {
            thread.awaitTermination(OwnTarget.WAIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        target.close();
        shown.close();
        copies.close();
    }
}
