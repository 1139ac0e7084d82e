package ringpull.fetch;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.blob.ProofFailed;
import ringpull.blob.ProvenBlob;
import ringpull.ring.Member;
import ringpull.store.PartialBlob;

/**
 * The proof of one blob while it arrives: by a holder's ladder as long as there is one and it is believed, else in order.
 * Begun and ended by the journey's thread; {@link #landed} comes from others, too.
 */
final class Proving {
    private final Digest digest;
    private final Fetcher.Parts parts;
    private final BlobFetch fetch;
    private final Evidence evidence;
    private final BlockingQueue<Verdict> verdicts = new ArrayBlockingQueue<>(1);

    private volatile @Nullable ProofTrail trail;
    private volatile @Nullable LinkProof links;

    Proving(Digest digest, Fetcher.Parts parts, BlobFetch fetch, Evidence evidence) {
        this.digest = digest;
        this.parts = parts;
        this.fetch = fetch;
        this.evidence = evidence;
    }

    /** Begins anew, behind what was hashed of this blob already. */
    void begin(PartialBlob blob) throws IOException {
        close();
        verdicts.clear();
        links = LinkProof.kept(blob, fetch, parts).orElse(null);
        trail = new ProofTrail(blob, digest, parts.proofThreads(), new ProofTrail.Outcome() {
            @Override
            public void proven(ProvenBlob proof) {
                Proving.this.proven(proof);
            }

            @Override
            public void refuted(ProofFailed failure) {
                verdicts.add(new Verdict.Refuted(failure));
            }

            @Override
            public void unreadable(IOException failure) {
                verdicts.add(new Verdict.Unreadable(failure));
            }
        });
    }

    /** Goes on by the ladder of one of these holders, if there is one; returns what proves the chunks that they send. */
    @Nullable
    LinkProof byLadder(PartialBlob blob, List<Member> holders) throws IOException, InterruptedException {
        LinkProof known = links;
        if (known != null && known.isSettled()) {
            return known;
        }
        Optional<LinkProof> asked = LinkProof.of(blob, holders, fetch, parts, evidence);
        if (asked.isPresent()) {
            links = asked.get();
            if (known != null) {
                known.close();
            }
        }
        return links;
    }

    private void proven(ProvenBlob proof) {
        fetch.proven(proof);
        verdicts.add(new Verdict.Proven(proof));
    }

    /** More bytes are present. */
    void landed() {
        ProofTrail inOrder = trail;
        if (inOrder != null && !byLinks()) {
            inOrder.advance();
        }
        fetch.progressed();
    }

    private boolean byLinks() {
        LinkProof byLadder = links;
        return byLadder != null && byLadder.credible();
    }

    /** Every byte is present: waits for what comes of it. */
    Verdict verdict() throws IOException, InterruptedException {
        long whole = System.nanoTime();
        LinkProof byLadder = links;
        if (byLadder != null && byLadder.credible()) {
            byLadder.finish().ifPresent(this::proven);
        }
        landed();
        Verdict verdict = verdicts.take();
        parts.meters().waitedForProof(System.nanoTime() - whole);
        return verdict;
    }

    /** Who is known to have lied about a blob that is proven now. */
    Set<Member> liars(ProvenBlob proven) {
        LinkProof byLadder = links;
        return byLadder == null ? Set.of() : byLadder.liars(proven);
    }

    void close() throws IOException {
        ProofTrail inOrder = trail;
        LinkProof byLadder = links;
        trail = null;
        links = null;
        if (byLadder != null) {
            byLadder.close();
        }
        if (inOrder != null) {
            inOrder.close();
        }
    }
}
