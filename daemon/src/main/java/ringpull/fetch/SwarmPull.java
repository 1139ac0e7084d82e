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
import java.util.concurrent.CancellationException;
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
import ringpull.ring.Member;
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
    private final Evidence evidence;
    private final Attesting attesting;
    private final Checking checking;
    private final Host host;
    private final Digest digest;
    private final BlockingQueue<Effect> inbox = new LinkedBlockingQueue<>();
    private final Map<Long, SwarmRead> reads = new ConcurrentHashMap<>();
    private final Map<Integer, Landed> chunks = new ConcurrentHashMap<>();
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

    /** A chunk that was written: from an origin, or from a member. */
    record Landed(
            Digest hash,
            Attesting.@Nullable Source source,
            @Nullable Member from) {}

    SwarmPull(
            BlobRequest wish,
            Fetcher.Parts parts,
            SwarmPulls.Swarms swarms,
            BlobFetch fetch,
            Evidence evidence,
            Host host) {
        this.wish = wish;
        this.parts = parts;
        this.swarms = swarms;
        this.fetch = fetch;
        this.host = host;
        this.digest = wish.digest();
        this.evidence = evidence;
        this.attesting = new Attesting(digest, this, swarms.statements());
        this.checking = new Checking(digest, this, parts, swarms, evidence);
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
            case Effect.Check(Digest d, int chunk, Statement statement) ->
                background(() -> checking.check(chunk, statement));
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
        } catch (CancellationException e) {
            throw new InterruptedException("the pull is over");
        }
    }

    boolean isOpen() {
        return opened.isDone() && !opened.isCancelled();
    }

    void happened(Event event) throws InterruptedException {
        swarms.happened(event);
    }

    /** Bytes have come, though no whole chunk. */
    void moved(SwarmRead read) throws InterruptedIOException {
        movedAt = System.nanoTime();
        tell(new Event.Moved(digest, read.id()));
    }

    void ended(SwarmRead read, Event.Outcome outcome, long pauseNanos) throws InterruptedException {
        if (reads.remove(read.id(), read)) {
            swarms.happened(new Event.Ended(digest, read.id(), outcome, pauseNanos));
        }
    }

    /** A chunk from an origin is on the disk; the swarm will have it attested. */
    void written(SwarmRead read, int chunk, Digest hash, Attesting.Source source) throws InterruptedIOException {
        evidence.own(chunk);
        if (source.authentic()) {
            synchronized (authentic) {
                authentic.set(chunk);
            }
        }
        written(read, chunk, new Landed(hash, source, null));
    }

    /** A chunk from a member is on the disk; the swarm will have it checked. */
    void written(SwarmRead read, int chunk, Digest hash, Member from) throws InterruptedIOException {
        evidence.delivered(chunk, chunk + 1, from);
        written(read, chunk, new Landed(hash, null, from));
    }

    private void written(SwarmRead read, int chunk, Landed landed) throws InterruptedIOException {
        chunks.put(chunk, landed);
        movedAt = System.nanoTime();
        tell(new Event.Landed(digest, read.id(), chunk));
    }

    private void tell(Event event) throws InterruptedIOException {
        try {
            swarms.happened(event);
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
        Landed landed = chunks.get(chunk);
        if (landed != null && landed.source != null) {
            PartialBlob partial = partial();
            present(partial, chunk);
            if (attesting.add(new Attesting.Chunk(chunk, landed.hash, landed.source))) {
                attesting.work(partial.sizeBytes());
            }
        }
    }

    @Nullable
    Landed landed(int chunk) {
        return chunks.get(chunk);
    }

    /** The same chunk was read once more, and is now what it should be. */
    void mended(int chunk, Landed landed) {
        chunks.put(chunk, landed);
    }

    /** A chunk counts for the proof of the whole; others do not get it. */
    void received(PartialBlob partial, int chunk) throws IOException {
        partial.received(Chunk.range(chunk, partial.sizeBytes()));
        host.landed();
    }

    /** A chunk is attested: others may have it. */
    void present(PartialBlob partial, int chunk) throws IOException {
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

    Digest digest() {
        return digest;
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
