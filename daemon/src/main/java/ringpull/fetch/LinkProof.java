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
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.blob.ProvenBlob;
import ringpull.ring.Member;
import ringpull.store.PartialBlob;

/**
 * Proves a blob's chunks as they come, in any order and on every core, by a ladder that one of its holders gave. A chunk
 * that does not hold is not taken, and its holder is set aside; the ladder is believed until its own author's chunk, or
 * those of two holders, contradict it. Who lied is certain only when the whole blob is proven. Safe for many threads.
 */
final class LinkProof implements AutoCloseable {
    /** A smaller blob is hashed in order before a ladder would be here. */
    static final long BLOB_BYTES_MIN = 16L << 20;

    /** Holders that are asked for a ladder. */
    private static final int ASKED_MAX = 3;

    /** Holders that contradict a ladder before nobody believes it. */
    private static final int CONTRADICTIONS_MAX = 2;

    private final Member author;
    private final Ladder ladder;
    private final LadderProof proof;
    private final PartialBlob partial;
    private final BlobFile file;
    private final ExecutorService threads;
    private final Map<Integer, Set<Member>> contradictions = new HashMap<>();
    private volatile boolean credible = true;

    private LinkProof(Member author, Ladder ladder, PartialBlob partial, ExecutorService threads) throws IOException {
        this.author = author;
        this.ladder = ladder;
        this.proof = new LadderProof(partial.digest(), ladder);
        this.partial = partial;
        this.threads = threads;
        this.file = partial.open();
        proof.accept(partial.rungs());
    }

    /** By the first ladder that one of these holders gives; empty if none does, or it would not be worth while. */
    static Optional<LinkProof> of(PartialBlob partial, List<Member> holders, Fetcher.Parts parts)
            throws IOException, InterruptedException {
        Digest digest = partial.digest();
        if (partial.sizeBytes() < BLOB_BYTES_MIN) {
            return Optional.empty();
        }
        for (Member holder : holders.stream().limit(ASKED_MAX).toList()) {
            Optional<Ladder> ladder = parts.ladders().of(holder, digest, partial.sizeBytes());
            if (ladder.isPresent()) {
                return Optional.of(new LinkProof(holder, ladder.get(), partial, parts.proofThreads()));
            }
        }
        return Optional.empty();
    }

    /** Whether the ladder is still believed. */
    boolean credible() {
        return credible;
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
        if (by.equals(author) || all.size() >= CONTRADICTIONS_MAX) {
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
        if (!proven.ladder().equals(ladder)) {
            return Set.of(author);
        }
        return contradictions.values().stream().flatMap(Set::stream).collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
