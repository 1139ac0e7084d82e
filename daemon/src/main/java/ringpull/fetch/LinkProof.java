package ringpull.fetch;

import java.io.IOException;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.blob.ProvenBlob;
import ringpull.ring.Ladders;
import ringpull.ring.Member;
import ringpull.store.PartialBlob;
import ringpull.store.PartialBlob.KeptProof;

/**
 * Proves a blob's chunks as they come, in any order and on every core, by a ladder that one of its holders gave, or that was
 * kept beside the bytes. A chunk that does not hold is not taken, and its holder is set aside; the ladder is believed until
 * its own author's chunk, or those of two holders, contradict it. Who lied is certain only when the whole blob is proven.
 * Chunks that hold, and of which another host says the same, are released. Safe for many threads.
 */
final class LinkProof implements AutoCloseable {
    /** A smaller blob is hashed in order before a ladder would be here. */
    static final long BLOB_BYTES_MIN = 16L << 20;

    /** Holders that are asked for a ladder. */
    private static final int ASKED_MAX = 3;

    /** Holders that contradict a ladder before nobody believes it. */
    private static final int CONTRADICTIONS_MAX = 2;

    private final KeptProof kept;
    private final LadderProof proof;
    private final PartialBlob partial;
    private final BlobFetch fetch;
    private final BlobFile file;
    private final ExecutorService threads;
    private final Map<Integer, Set<Member>> contradictions = new HashMap<>();

    /** Chunks of which another host than the author says the same. */
    private final BitSet vouched = new BitSet();

    private boolean closed;

    /** Null: nobody who can be asked. */
    private volatile @Nullable Member author;

    private volatile boolean credible = true;

    private LinkProof(
            KeptProof kept, @Nullable Member author, PartialBlob partial, BlobFetch fetch, ExecutorService threads)
            throws IOException {
        this.kept = kept;
        this.author = author;
        this.proof = kept.proof();
        this.partial = partial;
        this.fetch = fetch;
        this.threads = threads;
        this.file = partial.open();
        proof.accept(partial.rungs());
    }

    /** Goes on with what an earlier attempt, or an earlier life of the daemon, has checked; empty if nothing was kept. */
    static Optional<LinkProof> kept(PartialBlob partial, BlobFetch fetch, Fetcher.Parts parts) throws IOException {
        Optional<KeptProof> kept = partial.keptProof();
        if (kept.isEmpty()) {
            return Optional.empty();
        }
        LinkProof links = new LinkProof(kept.get(), null, partial, fetch, parts.proofThreads());
        links.extendFront();
        links.release(links.proof.held());
        return Optional.of(links);
    }

    /** By the first ladder that one of these holders gives; empty if none does, or it would not be worth while. */
    static Optional<LinkProof> of(
            PartialBlob partial, List<Member> holders, BlobFetch fetch, Fetcher.Parts parts, Evidence evidence)
            throws IOException, InterruptedException {
        Digest digest = partial.digest();
        if (partial.sizeBytes() < BLOB_BYTES_MIN) {
            return Optional.empty();
        }
        for (Member holder : holders.stream().limit(ASKED_MAX).toList()) {
            Optional<Ladders.Told> told = parts.sources().ladders().of(holder, digest, partial.sizeBytes());
            if (told.isPresent()) {
                Ladder ladder = told.get().ladder();
                evidence.told(told.get());
                // What was checked against the very same is not checked again.
                KeptProof proof = partial.keptProof()
                        .filter(kept -> kept.proof().ladder().equals(ladder))
                        .orElseGet(() -> new KeptProof(new LadderProof(digest, ladder), false));
                partial.keep(proof);
                LinkProof links = new LinkProof(proof, holder, partial, fetch, parts.proofThreads());
                if (told.get().isSigned()) {
                    Agreement.seek(links, holder, holders, parts, digest, evidence);
                }
                return Optional.of(links);
            }
        }
        return Optional.empty();
    }

    /** Whether the ladder is still believed. */
    boolean credible() {
        return credible;
    }

    /** Whether a holder would be asked for the ladder in vain: it is our own, or its author is known. */
    boolean isSettled() {
        return kept.own() || author != null;
    }

    long sizeBytes() {
        return proof.ladder().sizeBytes();
    }

    /**
     * Another host says this.
     *
     * @return whether that is the same of every chunk
     */
    boolean witness(Ladder other) {
        synchronized (vouched) {
            int last = Chunk.count(sizeBytes()) - 1;
            for (int chunk = 0; chunk < last; chunk++) {
                if (proof.ladder().hasLinkOf(other, chunk)) {
                    vouched.set(chunk);
                }
            }
        }
        release(proof.held());
        return proof.ladder().equals(other);
    }

    /** Lets those of these chunks leave that are present and hold, if another host vouches for them, or the ladder is our own. */
    void release(BitSet chunks) {
        BitSet free = proof.held();
        free.and(chunks);
        synchronized (vouched) {
            if (!kept.own()) {
                free.and(vouched);
            }
            if (closed || !credible || free.isEmpty()) {
                return;
            }
            for (int chunk = free.nextSetBit(0); chunk >= 0; chunk = free.nextSetBit(chunk + 1)) {
                free.set(chunk, partial.has(chunk));
            }
            if (kept.own()) {
                fetch.releaseProven(free);
            } else {
                fetch.release(free);
            }
        }
    }

    /**
     * Checks chunks that are written and not yet present; waits for that.
     *
     * @return those that do not hold
     */
    BitSet check(BitSet chunks) throws IOException, InterruptedException {
        Future<BitSet> check;
        try {
            check = threads.submit(() -> proof.check(file, chunks));
        } catch (RejectedExecutionException e) {
            throw new InterruptedException("the daemon stops");
        }
        try {
            return check.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        }
    }

    /** What holds without a gap from the first chunk on was hashed: chunks up to there have become present. */
    synchronized void extendFront() {
        if (credible) {
            proof.extend(partial.rungs());
        }
    }

    /** This member's bytes of a chunk do not hold. */
    synchronized void contradicted(int chunk, Member by) {
        Set<Member> all = contradictions.computeIfAbsent(chunk, c -> new HashSet<>());
        all.add(by);
        boolean nobodys = author == null || by.equals(author);
        if (!kept.own() && (nobodys || all.size() >= CONTRADICTIONS_MAX)) {
            credible = false;
        }
    }

    /** Once every byte is present: checks what has not been, and ends; empty if something does not hold. */
    Optional<ProvenBlob> finish() throws IOException, InterruptedException {
        BitSet rest = proof.unproven();
        if (!rest.isEmpty() && !check(rest).isEmpty()) {
            synchronized (this) {
                credible = false;
            }
            return Optional.empty();
        }
        return Optional.of(proof.finish());
    }

    /** Who is known to have lied, now that the blob is proven: those who contradicted its ladder, or the false one's author. */
    synchronized Set<Member> liars(ProvenBlob proven) {
        if (!proven.ladder().equals(proof.ladder())) {
            Member liar = author;
            return liar == null ? Set.of() : Set.of(liar);
        }
        return contradictions.values().stream().flatMap(Set::stream).collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public void close() throws IOException {
        synchronized (vouched) {
            closed = true;
        }
        file.close();
    }
}
