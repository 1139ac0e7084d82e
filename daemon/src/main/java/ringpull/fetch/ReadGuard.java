package ringpull.fetch;

import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.metrics.Meters;
import ringpull.store.BlobStore;

/**
 * Checks chunks of complete blobs by their ladders before they leave. What was checked is remembered for a while, a bit a
 * chunk, as long as nobody writes to the file: so a healthy blob that is read again goes from file to socket with nothing in
 * between. A blob without a ladder is not checked here; the scrubber gives it one. Safe for many threads.
 */
final class ReadGuard {
    /** How long a chunk that was checked counts as sound. */
    static final Duration KEPT = Duration.ofHours(1);

    /** Chunks that are checked in one go. */
    static final int WINDOW_CHUNKS = LadderProof.LANES;

    private static final int BLOBS_MAX = 4096;

    private final BlobStore store;
    private final Damage damage;
    private final Meters meters;
    private final ExecutorService threads;
    private final LongSupplier nanoTime;

    /** By last use. */
    private final Map<Digest, Seen> blobs = new LinkedHashMap<>(16, 0.75f, true);

    /** What is known of one blob's file, since a time, as it was then. */
    private static final class Seen {
        private final long stamp;
        private final long sinceNanos;
        private final BitSet sound = new BitSet();
        private volatile SoftReference<LadderProof> proof = new SoftReference<>(null);

        Seen(long stamp, long sinceNanos) {
            this.stamp = stamp;
            this.sinceNanos = sinceNanos;
        }

        synchronized int soundEnd(int chunk) {
            return sound.nextClearBit(chunk);
        }

        synchronized void sound(int first, int end) {
            sound.set(first, end);
        }
    }

    /** @param threads platform threads, for hashing */
    ReadGuard(BlobStore store, Damage damage, Meters meters, ExecutorService threads, LongSupplier nanoTime) {
        this.store = store;
        this.damage = damage;
        this.meters = meters;
        this.threads = threads;
        this.nanoTime = nanoTime;
    }

    /** As {@link Blobs#soundEnd}. */
    long soundEnd(BlobFile file, ByteRange wanted) throws IOException, InterruptedException {
        Digest digest = file.digest();
        Seen seen = seen(digest);
        int first = (int) (wanted.offset() / Chunk.SIZE_BYTES);
        int chunks = Math.max(1, Chunk.count(file.sizeBytes()));
        int end = seen.soundEnd(first);
        if (end == first) {
            Optional<LadderProof> proof = proof(digest, seen);
            if (proof.isEmpty()) {
                return wanted.end();
            }
            end = Math.min(Math.min(chunks, first + WINDOW_CHUNKS), Math.max(first + 1, Chunk.count(wanted.end())));
            BitSet failed = check(proof.get(), file, first, end);
            if (!failed.isEmpty()) {
                end = failed.nextSetBit(0);
                if (end == first) {
                    mend(digest, proof.get());
                }
            }
            seen.sound(first, end);
        }
        return end(end, wanted);
    }

    private static long end(int chunk, ByteRange wanted) {
        return Math.clamp((long) chunk * Chunk.SIZE_BYTES, wanted.offset(), wanted.end());
    }

    private Seen seen(Digest digest) throws IOException {
        long stamp = store.stamp(digest);
        long now = nanoTime.getAsLong();
        synchronized (blobs) {
            Seen known = blobs.get(digest);
            if (known == null || known.stamp != stamp || now - known.sinceNanos > KEPT.toNanos()) {
                known = new Seen(stamp, now);
                blobs.put(digest, known);
                if (blobs.size() > BLOBS_MAX) {
                    blobs.remove(blobs.keySet().iterator().next());
                }
            }
            return known;
        }
    }

    private Optional<LadderProof> proof(Digest digest, Seen seen) throws IOException {
        @Nullable LadderProof known = seen.proof.get();
        if (known != null) {
            return Optional.of(known);
        }
        Optional<Ladder> ladder = store.ladder(digest);
        Optional<LadderProof> proof = ladder.map(rungs -> new LadderProof(digest, rungs));
        proof.ifPresent(made -> seen.proof = new SoftReference<>(made));
        return proof;
    }

    private BitSet check(LadderProof proof, BlobFile file, int first, int end)
            throws IOException, InterruptedException {
        Future<BitSet> check;
        try {
            check = threads.submit(() -> failing(proof, file, first, end));
        } catch (RejectedExecutionException e) {
            throw new InterruptedException("the daemon stops");
        }
        return result(check);
    }

    private static BitSet result(Future<BitSet> work) throws IOException, InterruptedException {
        try {
            return work.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        }
    }

    /** The chunks that do not hold, or that the disk does not give any more. */
    private static BitSet failing(LadderProof proof, BlobFile file, int first, int end) throws IOException {
        BitSet wanted = new BitSet();
        wanted.set(first, end);
        try {
            return proof.check(file, wanted);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            if (end - first == 1) {
                return wanted;
            }
            BitSet failed = new BitSet();
            for (int chunk = first; chunk < end; chunk++) {
                failed.or(failing(proof, file, chunk, chunk + 1));
            }
            return failed;
        }
    }

    /** Finds all that is damaged, so that what remains is known to be right, and has it fetched again. */
    private void mend(Digest digest, LadderProof proof) throws IOException, InterruptedException {
        BitSet damaged = new BitSet();
        try (BlobFile file = store.inspect(digest).orElse(null)) {
            if (file == null) {
                return; // another reader was first
            }
            List<Callable<BitSet>> windows = new ArrayList<>();
            for (int from = 0; from < proof.links(); from += WINDOW_CHUNKS) {
                int first = from;
                int end = Math.min(proof.links(), from + WINDOW_CHUNKS);
                windows.add(() -> failing(proof, file, first, end));
            }
            for (Future<BitSet> window : threads.invokeAll(windows)) {
                damaged.or(result(window));
            }
            meters.verified(file.sizeBytes(), damaged.cardinality());
        }
        synchronized (blobs) {
            blobs.remove(digest);
        }
        if (!damaged.isEmpty()) {
            damage.found(digest, damaged);
        }
    }
}
