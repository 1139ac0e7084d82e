package ringpull.scrub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.fetch.Blobs;
import ringpull.fetch.Damage;
import ringpull.fetch.Journal;
import ringpull.metrics.Meters;
import ringpull.store.BlobStore;
import ringpull.store.StoredBlob;

/**
 * Proves stored blobs again: by their ladders, on every core and in any order; one that has none in order, and then it has
 * one. A damaged blob leaves the inventory at once, and only what does not hold is fetched again. Safe for many threads.
 */
public final class Verifier implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Verifier.class);

    /** Chunks that a thread takes at a time. */
    private static final int BATCH = 2 * LadderProof.LANES;

    private static final int STEP_BYTES = 256 << 10;

    private final BlobStore store;
    private final Damage damage;
    private final Meters meters;
    private final int cores = Runtime.getRuntime().availableProcessors();
    private final ExecutorService threads = Executors.newFixedThreadPool(
            cores, Thread.ofPlatform().daemon().name("verify-", 0).factory());

    /** Told of bytes that were proven, by several threads; may wait, and so sets the pace. */
    public interface Progress {
        void verified(long bytes) throws InterruptedException;
    }

    public Verifier(BlobStore store, Blobs blobs, Journal journal, Meters meters) {
        this.store = store;
        this.damage = new Damage(store, blobs, journal);
        this.meters = meters;
    }

    /** On every core; waits for the end. An interrupt ends it. */
    public Verified verify(Digest digest, Progress progress) throws InterruptedException {
        return verify(digest, (proof, file) -> onEveryCore(proof, file, progress), progress);
    }

    /** On the calling thread alone, a platform thread. */
    Verified verifyHere(Digest digest, Progress progress) throws InterruptedException {
        return verify(digest, (proof, file) -> take(proof, file, new AtomicInteger(), progress), progress);
    }

    /** Checks every link; returns those that do not hold. */
    private interface Check {
        BitSet run(LadderProof proof, BlobFile file) throws IOException, InterruptedException;
    }

    private Verified verify(Digest digest, Check check, Progress progress) throws InterruptedException {
        Optional<StoredBlob> blob = store.find(digest);
        try (BlobFile file = store.inspect(digest).orElse(null)) {
            if (blob.isEmpty() || file == null) {
                return new Verified(digest, 0, Verified.Outcome.GONE, 0, "it is not here");
            }
            Optional<Ladder> ladder = store.ladder(digest);
            BitSet damaged;
            if (ladder.isPresent()) {
                damaged = check.run(new LadderProof(digest, ladder.get()), file);
            } else {
                damaged = result(threads.submit(() -> inOrder(file, progress)));
            }
            meters.verified(file.sizeBytes(), damaged.cardinality());
            if (damaged.isEmpty()) {
                return new Verified(digest, file.sizeBytes(), Verified.Outcome.SOUND, 0, "");
            }
            String note = damage.found(digest, damaged);
            return new Verified(digest, file.sizeBytes(), Verified.Outcome.DAMAGED, damaged.cardinality(), note);
        } catch (IOException e) {
            log.warn("{} cannot be verified: {}", digest, e.toString());
            return new Verified(digest, 0, Verified.Outcome.FAILED, 0, e.toString());
        }
    }

    private BitSet onEveryCore(LadderProof proof, BlobFile file, Progress progress)
            throws IOException, InterruptedException {
        AtomicInteger next = new AtomicInteger();
        List<Callable<BitSet>> workers = new ArrayList<>();
        for (int i = 0; i < Math.min(cores, 1 + proof.links() / BATCH); i++) {
            workers.add(() -> take(proof, file, next, progress));
        }
        BitSet failed = new BitSet();
        for (Future<BitSet> worker : threads.invokeAll(workers)) {
            failed.or(result(worker));
        }
        return failed;
    }

    private static BitSet result(Future<BitSet> work) throws IOException, InterruptedException {
        try {
            return work.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } finally {
            work.cancel(true);
        }
    }

    /** Takes batches until none is left. */
    private static BitSet take(LadderProof proof, BlobFile file, AtomicInteger next, Progress progress)
            throws IOException, InterruptedException {
        BitSet failed = new BitSet();
        int links = proof.links();
        for (int from = next.getAndAdd(BATCH); from < links; from = next.getAndAdd(BATCH)) {
            int end = Math.min(from + BATCH, links);
            BitSet batch = new BitSet();
            batch.set(from, end);
            failed.or(proof.check(file, batch));
            progress.verified(
                    Math.min((long) end * Chunk.SIZE_BYTES, file.sizeBytes()) - (long) from * Chunk.SIZE_BYTES);
        }
        return failed;
    }

    private BitSet inOrder(BlobFile file, Progress progress) throws IOException, InterruptedException {
        Proof proof = new Proof(file.digest());
        ByteBuffer step = ByteBuffer.allocateDirect(STEP_BYTES);
        while (proof.hashedBytes() < file.sizeBytes()) {
            if (file.channel().read(step.clear(), proof.hashedBytes()) < 0) {
                throw new IOException("the file of " + file.digest() + " ends at byte " + proof.hashedBytes());
            }
            int length = step.flip().remaining();
            proof.update(step);
            progress.verified(length);
        }
        BitSet damaged = new BitSet();
        try {
            store.keepLadder(proof.finish());
        } catch (ProofFailed e) {
            damaged.set(0, Math.max(1, Chunk.count(file.sizeBytes())));
        }
        return damaged;
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
