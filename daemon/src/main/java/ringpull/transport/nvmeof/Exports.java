package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
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
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.helper.Endpoint;
import ringpull.helper.Request;
import ringpull.transport.ChunkSource;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/**
 * The serving side: shows blobs to other members through the kernel's target, each for as long as a lease lasts. For any
 * thread; the state is one thread's.
 */
public final class Exports implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Exports.class);

    /** A reader makes its lease anew while it reads; one that died holds a copy so long. */
    static final Duration LEASE = Duration.ofSeconds(60);

    static final int LEASES_PER_READER_MAX = 64;
    static final int LEASES_MAX = 1024;

    /** A reader disconnects before; this is for those that died. */
    private static final long READER_IDLE_NANOS = TimeUnit.SECONDS.toNanos(90);

    /** A copy that takes longer goes on, but the reader asks somebody else, or in another way, for now. */
    private static final Duration COPY_WAIT = Duration.ofMillis(1500);

    private static final Duration SWEEP = Duration.ofSeconds(2);

    private final OwnTarget target;
    private final Endpoint endpoint;
    private final ChunkSource source;
    private final Sessions sessions;
    private final Copies copies;
    private final ExecutorService copying = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("export-copy").factory());
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("exports").factory());
    private final Map<String, Reader> readers = new HashMap<>();
    private final AtomicInteger count = new AtomicInteger();

    /** One session's, as the thread sees it. */
    private static final class Reader {
        final Map<Digest, Shown> shown = new HashMap<>();
        long idleSince = System.nanoTime();
    }

    /** Why a reader gets no lease, in a sentence that it may see. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        private Refused(String why) {
            super(why);
        }
    }

    private Exports(OwnTarget target, Endpoint endpoint, ChunkSource source, Sessions sessions, Copies copies) {
        this.target = target;
        this.endpoint = endpoint;
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
        Optional<Lease> running = there(() -> again(known, digest));
        if (running.isPresent()) {
            return running;
        }
        Optional<BlobFile> blob = source.open(digest);
        if (blob.isEmpty()) {
            return Optional.empty();
        }
        Copies.Copy copy = copy(blob.get());
        long sizeBytes = blob.get().sizeBytes();
        return Optional.of(there(() -> show(known, digest, new Shown(copy, sizeBytes))));
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

    private Optional<Lease> again(Session session, Digest digest) {
        Reader reader = readers.get(session.id());
        Shown shown = reader == null ? null : reader.shown.get(digest);
        if (shown == null) {
            return Optional.empty();
        }
        shown.extend();
        return Optional.of(lease(shown));
    }

    private Lease lease(Shown shown) {
        return new Lease(endpoint, shown.namespace, Layout.LEAD_BYTES, shown.sizeBytes, LEASE);
    }

    private Lease show(Session session, Digest digest, Shown fresh) throws IOException {
        boolean done = false;
        try {
            Optional<Lease> other = again(session, digest);
            if (other.isPresent()) {
                return other.get();
            }
            Reader reader = readers.get(session.id());
            if (count.get() >= LEASES_MAX || (reader != null && reader.shown.size() >= LEASES_PER_READER_MAX)) {
                throw new ChunkSource.Busy("too many blobs are shown already");
            }
            Request.Session name = new Request.Session(session.id());
            show(new Request.Export(name, DerivedKey.of(session.secret()), fresh.namespace), fresh.copy);
            fresh.extend();
            readers.computeIfAbsent(session.id(), id -> new Reader()).shown.put(digest, fresh);
            count.incrementAndGet();
            done = true;
            return lease(fresh);
        } finally {
            if (!done) {
                fresh.copy.close();
            }
        }
    }

    private void show(Request.Export request, Copies.Copy copy) throws IOException {
        forgetWhatIsGone();
        try {
            target.show(request, copy.file());
        } catch (IOException e) {
            if (!forgetWhatIsGone()) {
                throw e;
            }
            target.show(request, copy.file()); // of a helper that was started again meanwhile
        }
    }

    /** Whether anything was. */
    private boolean forgetWhatIsGone() {
        boolean gone = target.hasBroken();
        if (gone) {
            closeCopies();
        }
        return gone;
    }

    private void closeCopies() {
        readers.values().forEach(reader -> reader.shown.values().forEach(shown -> shown.copy.close()));
        readers.clear();
        count.set(0);
    }

    /** The member needs it no more. What is not known is no failure. */
    public void release(String member, String session, UUID namespace) {
        if (sessions.find(member, session).isPresent()) {
            run(() -> {
                Reader reader = readers.get(session);
                if (reader != null) {
                    hide(session, reader, shown -> shown.namespace.equals(namespace));
                }
            });
        }
    }

    /** Ends all, as when certificates were withdrawn. */
    public void clear() {
        run(() -> List.copyOf(readers.keySet()).forEach(this::dismiss));
    }

    /** How many blobs are shown, each reader's counted. */
    public int count() {
        return count.get();
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

    private interface Which {
        boolean ends(Shown shown);
    }

    private void hide(String session, Reader reader, Which which) {
        for (Iterator<Shown> all = reader.shown.values().iterator(); all.hasNext(); ) {
            Shown shown = all.next();
            if (which.ends(shown)) {
                target.tell(new Request.Withdraw(new Request.Session(session), shown.namespace));
                shown.copy.close();
                all.remove();
                count.decrementAndGet();
                reader.idleSince = System.nanoTime();
            }
        }
    }

    private void dismiss(String session) {
        Reader reader = readers.remove(session);
        if (reader != null) {
            target.tell(new Request.Dismiss(new Request.Session(session)));
            reader.shown.values().forEach(shown -> shown.copy.close());
            count.addAndGet(-reader.shown.size());
        }
    }

    private void sweep() {
        try {
            long now = System.nanoTime();
            for (String session : List.copyOf(readers.keySet())) {
                Reader reader = readers.get(session);
                if (reader == null) {
                    continue;
                }
                hide(session, reader, shown -> now - shown.until >= 0);
                if (reader.shown.isEmpty() && now - reader.idleSince > READER_IDLE_NANOS) {
                    dismiss(session);
                }
            }
            forgetWhatIsGone();
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
        closeCopies();
        copies.close();
    }
}
