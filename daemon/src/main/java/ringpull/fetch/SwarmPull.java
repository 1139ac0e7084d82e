package ringpull.fetch;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.swarm.Effect;
import ringpull.swarm.Event;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;

/**
 * One blob that this node brings together with other members: does with bytes what its swarm wants done. The journey's
 * thread waits in {@link #bring}; reads have threads of their own.
 */
final class SwarmPull {
    /** Without a chunk for so long, the swarm is given up: the origin alone may be quicker. */
    private static final long STILL_NANOS = TimeUnit.SECONDS.toNanos(20);

    private static final long LOOK_MILLIS = 500;

    private final BlobRequest wish;
    private final Fetcher.Parts parts;
    private final SwarmPulls.Swarms swarms;
    private final BlobFetch fetch;
    private final Host host;
    private final Digest digest;
    private final BlockingQueue<Effect> inbox = new LinkedBlockingQueue<>();
    private final Map<Long, SwarmRead> reads = new ConcurrentHashMap<>();
    private final Map<Integer, Digest> hashes = new ConcurrentHashMap<>();
    private final CompletableFuture<PartialBlob> opened = new CompletableFuture<>();
    private final Set<MemberId> used = ConcurrentHashMap.newKeySet();
    private final OriginPart originPart;

    /** Chunks that other members may have. */
    private final BitSet vouched = new BitSet();

    /** Chunks that this node read itself from an origin that proved who it is. */
    private final BitSet authentic = new BitSet();

    private volatile long movedAt = System.nanoTime();
    private volatile @Nullable IOException failure;

    /** The journey that it is part of. Called on the journey's thread, but {@link #landed} on any. */
    interface Host {
        PartialBlob open(long sizeBytes) throws StoreFull, IOException;

        /** More chunks are present. */
        void landed();
    }

    SwarmPull(BlobRequest wish, Fetcher.Parts parts, SwarmPulls.Swarms swarms, BlobFetch fetch, Host host) {
        this.wish = wish;
        this.parts = parts;
        this.swarms = swarms;
        this.fetch = fetch;
        this.host = host;
        this.digest = wish.digest();
        this.originPart = new OriginPart(this, wish, parts);
    }

    /**
     * Brings the blob, as far as the swarm can.
     *
     * @return the members that bytes came from; not all of the blob need be present
     * @throws IOException if this node could not write
     */
    Set<MemberId> bring() throws StoreFull, IOException, InterruptedException {
        if (!parts.swarmPulls().begin(digest, this)) {
            return Set.of();
        }
        boolean whole = false;
        try {
            swarms.happened(new Event.Start(
                    digest, wish.repository().map(Object::toString).orElse(""), -1, List.of()));
            whole = work();
        } finally {
            reads.values().forEach(SwarmRead::cancel);
            opened.cancel(false);
            if (!whole) {
                stop();
            }
        }
        reads.clear();
        parts.journal().note(digest, "swarm", "", originPart.bytes(), used.size() + " members and this one's part");
        return new HashSet<>(used);
    }

    /** True if every chunk is present. */
    private boolean work() throws StoreFull, IOException, InterruptedException {
        movedAt = System.nanoTime();
        while (true) {
            Effect effect = inbox.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            IOException failed = failure;
            if (failed != null) {
                throw failed;
            }
            switch (effect) {
                case Effect.Open open -> open(open.sizeBytes());
                case Effect.Present _ -> {
                    return true;
                }
                case Effect.Alone alone -> {
                    return aloneBecause(alone.reason());
                }
                case null, default -> {
                    if (System.nanoTime() - movedAt > STILL_NANOS) {
                        return aloneBecause("the swarm brought nothing for " + STILL_NANOS / 1_000_000_000 + " s");
                    }
                }
            }
        }
    }

    private boolean aloneBecause(String reason) {
        parts.journal().note(digest, "fallback", "swarm", 0, reason);
        return false;
    }

    private void open(long sizeBytes) throws StoreFull, IOException, InterruptedException {
        PartialBlob partial = host.open(sizeBytes);
        List<Run> present = new ArrayList<>();
        int chunks = Chunk.count(sizeBytes);
        for (int chunk = 0; chunk < chunks; chunk++) {
            if (partial.has(chunk)) {
                present.add(new Run(chunk, chunk + 1));
            }
        }
        opened.complete(partial);
        movedAt = System.nanoTime();
        swarms.happened(new Event.Opened(digest, present));
    }

    /** The journey is over: proven, or without the blob. */
    void over(boolean proven) throws InterruptedException {
        if (proven) {
            swarms.happened(new Event.Proven(digest));
        } else {
            stop();
        }
        parts.swarmPulls().end(digest, this);
    }

    private void stop() throws InterruptedException {
        swarms.happened(new Event.Stop(digest));
        parts.swarmPulls().end(digest, this);
    }

    /** On the swarm's thread. */
    void perform(Effect effect) {
        switch (effect) {
            case Effect.Open _, Effect.Present _, Effect.Alone _ -> inbox.add(effect);
            case Effect.ReadOrigin(Digest d, long read, Run run) ->
                begin(new SwarmRead(this, read, run), originPart::read);
            case Effect.ReadMember(Digest d, long read, MemberId from, Run run) ->
                begin(new SwarmRead(this, read, run), r -> new MemberPart(this, parts, swarms, from).read(r));
            case Effect.Shorten(Digest d, long read, int end) -> {
                SwarmRead running = reads.get(read);
                if (running != null) {
                    running.shorten(end);
                }
            }
            case Effect.Cancel(Digest d, long read) -> {
                SwarmRead running = reads.remove(read);
                if (running != null) {
                    running.cancel();
                }
            }
            case Effect.Attest(Digest d, int chunk) -> background(() -> attest(chunk));
            case Effect.Check(Digest d, int chunk, Statement statement) -> background(() -> check(chunk, statement));
            case Effect.Send _ -> throw new IllegalArgumentException("a message is not for here: " + effect);
        }
    }

    private void begin(SwarmRead read, SwarmRead.Part part) {
        reads.put(read.id(), read);
        read.start(parts.threads(), part);
    }

    private interface Blocking {
        void run() throws IOException, InterruptedException;
    }

    private void background(Blocking task) {
        parts.threads().execute(() -> {
            try {
                task.run();
            } catch (IOException e) {
                fail(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // the daemon stops
            }
        });
    }

    /** This node cannot write: nobody can help. */
    void fail(IOException e) {
        failure = e;
    }

    /** The partial file, once the size is known; waits for that. */
    PartialBlob partial() throws InterruptedException, IOException {
        try {
            return opened.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (java.util.concurrent.CancellationException e) {
            throw new InterruptedException("the pull is over");
        }
    }

    boolean isOpen() {
        return opened.isDone() && !opened.isCancelled();
    }

    void happened(Event event) throws InterruptedException {
        swarms.happened(event);
    }

    void moved() {
        movedAt = System.nanoTime();
    }

    void ended(SwarmRead read, Event.Outcome outcome, long pauseNanos) throws InterruptedException {
        if (reads.remove(read.id(), read)) {
            swarms.happened(new Event.Ended(digest, read.id(), outcome, pauseNanos));
        }
    }

    /** A chunk is on the disk; the swarm will have it attested or checked. */
    void written(SwarmRead read, int chunk, Digest hash, boolean fromAuthenticOrigin) throws InterruptedIOException {
        hashes.put(chunk, hash);
        moved();
        if (fromAuthenticOrigin) {
            synchronized (authentic) {
                authentic.set(chunk);
            }
        }
        try {
            swarms.happened(new Event.Landed(digest, read.id(), chunk));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the read is not wanted any more");
        }
    }

    void mediaType(String type) {
        fetch.mediaType(type);
    }

    void usedMember(MemberId member) {
        used.add(member);
    }

    private void attest(int chunk) throws IOException, InterruptedException {
        Digest hash = hashes.get(chunk);
        if (hash != null) {
            PartialBlob partial = partial();
            present(partial, chunk);
            Run run = new Run(chunk, chunk + 1);
            swarms.happened(new Event.Attested(
                    digest, swarms.attestor().attest(digest, partial.sizeBytes(), run, List.of(hash))));
        }
    }

    private void check(int chunk, @Nullable Statement statement) throws IOException, InterruptedException {
        PartialBlob partial = partial();
        Digest hash = hashes.get(chunk);
        boolean good = hash != null
                && (statement == null
                        || (statement
                                        .hashes()
                                        .get(chunk - statement.run().first())
                                        .equals(hash)
                                && swarms.attestor().isTrue(digest, partial.sizeBytes(), statement)));
        if (good) {
            present(partial, chunk);
        } else {
            parts.journal().note(digest, "fallback", "swarm", 0, "chunk " + chunk + " is not what its reader said");
        }
        swarms.happened(new Event.Checked(digest, chunk, good));
    }

    private void present(PartialBlob partial, int chunk) throws IOException {
        partial.received(Chunk.range(chunk, partial.sizeBytes()));
        synchronized (vouched) {
            vouched.set(chunk);
        }
        boolean mayLeave;
        synchronized (authentic) {
            mayLeave = authentic.get(chunk);
        }
        if (mayLeave) {
            fetch.release(Chunk.range(chunk, partial.sizeBytes()));
        }
        host.landed();
    }

    /** Whether other members may have all of this. */
    boolean vouchesFor(ByteRange range) {
        int first = (int) (range.offset() / Chunk.SIZE_BYTES);
        int end = Chunk.count(range.end());
        synchronized (vouched) {
            return range.length() > 0 && vouched.nextClearBit(first) >= end;
        }
    }

    Optional<BlobFile> open() throws IOException {
        if (!isOpen()) {
            return Optional.empty();
        }
        try {
            return Optional.of(opened.join().open());
        } catch (IOException e) {
            return Optional.empty(); // completed in between: then it lies in the store
        }
    }
}
