package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.blob.ProvenBlob;
import ringpull.store.PartialBlob;

/**
 * Hashes a partial blob in order, behind the writers, so that proof and transfer overlap: by the time the last byte
 * has arrived, nearly all are hashed. Bytes are read back from the page cache, in steps that fit a core's L2 cache.
 *
 * <p>Runs on the proof threads, never twice at a time for one blob, and holds a thread only while there is something
 * to hash.
 */
final class ProofTrail implements AutoCloseable {
    private static final int STEP_BYTES = 256 << 10;
    private static final ThreadLocal<ByteBuffer> STEP =
            ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(STEP_BYTES));

    private final PartialBlob partial;
    private final BlobFile file;
    private final Executor threads;
    private final Outcome outcome;
    private final Digest digest;
    private @Nullable Proof proof;
    private final AtomicBoolean running = new AtomicBoolean();
    private volatile long hashedBytes;
    private volatile boolean ended;

    /** Told once how the proof ended, on a proof thread. */
    interface Outcome {
        void proven(ProvenBlob proof);

        void refuted(ProofFailed failure);

        void unreadable(IOException failure);
    }

    ProofTrail(PartialBlob partial, Digest digest, Executor threads, Outcome outcome) throws IOException {
        this.partial = partial;
        this.file = partial.open();
        this.threads = threads;
        this.outcome = outcome;
        this.digest = digest;
    }

    /** Says that more bytes may be present. Cheap; called after every run of bytes that lands. */
    void advance() {
        if (!ended && running.compareAndSet(false, true)) {
            threads.execute(this::hashWhatIsPresent);
        }
    }

    private void hashWhatIsPresent() {
        try {
            Proof hashing = proof();
            while (!ended && hashedBytes < partial.presentPrefixBytes()) {
                hash(hashing, partial.presentPrefixBytes());
            }
            if (!ended && hashedBytes == partial.sizeBytes()) {
                ended = true;
                outcome.proven(hashing.finish());
            }
        } catch (ProofFailed e) {
            outcome.refuted(e);
        } catch (IOException e) {
            // After close() the file is closed under a step that runs: that is no finding.
            if (!ended) {
                ended = true;
                outcome.unreadable(e);
            }
        } finally {
            running.set(false);
        }
        // Bytes that came between the last look and the flag's fall would otherwise wait for the next ones.
        if (!ended && hashedBytes < partial.presentPrefixBytes()) {
            advance();
        }
    }

    /** Begun with the first bytes, and behind those that were hashed by then. */
    private Proof proof() {
        Proof begun = proof;
        if (begun == null) {
            begun = new Proof(digest, partial.rungs());
            proof = begun;
            hashedBytes = begun.hashedBytes();
        }
        return begun;
    }

    private void hash(Proof hashing, long end) throws IOException {
        ByteBuffer step = STEP.get();
        long offset = hashedBytes;
        while (offset < end && !ended) {
            step.clear().limit((int) Math.min(STEP_BYTES, end - offset));
            int read = file.channel().read(step, offset);
            if (read <= 0) {
                throw new IOException("the partial file of " + file.digest() + " ends at byte " + offset);
            }
            hashing.update(step.flip());
            offset += read;
            hashedBytes = offset;
        }
    }

    /** Stops hashing; the outcome is not told any more once a step that runs has ended. */
    @Override
    public void close() throws IOException {
        ended = true;
        file.close();
    }
}
