package ringpull.fetch;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.ProofFailed;
import ringpull.blob.ProvenBlob;
import ringpull.metrics.Meters;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;
import ringpull.ring.Holders.Holder;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.StoredBlob;

/**
 * One blob's journey: neighbours first, the origin for what they lack, and a proof of the whole. Bytes that do not
 * prove are forgotten and fetched again elsewhere: from the origin alone, then from each holder alone, so that one liar
 * among many is found and harms nobody.
 *
 * <p>Owned by the one virtual thread that calls {@link #run}; only {@link #landed} and the proof's outcome come from
 * others.
 */
final class Journey {
    private static final Logger log = LoggerFactory.getLogger(Journey.class);

    private final BlobRequest request;
    private final Fetcher.Parts parts;
    private final BlobFetch fetch;
    private final OriginPull originPull;
    private final BlockingQueue<Verdict> verdicts = new ArrayBlockingQueue<>(1);

    private @Nullable PartialBlob partial;
    private volatile @Nullable ProofTrail trail;

    /** Whether bytes of an earlier life of the daemon are among those present: then nobody is blamed for them. */
    private boolean resumed;

    /** Whom to ask in one go. */
    private record Attempt(List<Holder> holders, boolean origin) {}

    /** How the proof of one attempt ended. */
    private sealed interface Verdict {
        record Proven(ProvenBlob proof) implements Verdict {}

        record Refuted(ProofFailed failure) implements Verdict {}

        record Unreadable(IOException failure) implements Verdict {}
    }

    Journey(BlobRequest request, Fetcher.Parts parts, BlobFetch fetch) {
        this.request = request;
        this.parts = parts;
        this.fetch = fetch;
        this.originPull = new OriginPull(request, parts.origin(), parts.journal(), parts.meters());
    }

    void run() {
        try {
            Optional<StoredBlob> stored = parts.store().find(digest());
            if (stored.isPresent()) {
                fetch.foundStored(stored.get());
            } else {
                travel();
            }
        } catch (FetchFailed e) {
            end(e);
        } catch (StoreFull e) {
            log.warn("no room in the store for {}: the pull goes on past it. {}", digest(), e.getMessage());
            parts.noRoom().add(digest());
            end(new FetchFailed("store_full", String.valueOf(e.getMessage())));
        } catch (IOException e) {
            log.warn("the store failed while {} arrived: {}", digest(), e.toString());
            end(new FetchFailed("store_failed", e.toString()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end(new FetchFailed("stopped", "the daemon stops"));
        } catch (RuntimeException e) {
            log.error("fetching {} met a defect", digest(), e);
            end(new FetchFailed("defect", e.toString()));
        } finally {
            close();
        }
    }

    private Digest digest() {
        return request.digest();
    }

    private void travel() throws FetchFailed, StoreFull, IOException, InterruptedException {
        Deque<Attempt> plan = new ArrayDeque<>();
        plan.add(new Attempt(trustedHolders(), true));
        boolean doubted = false;
        FetchFailed last = new FetchFailed("not_held", "no source is left to ask");
        while (!plan.isEmpty()) {
            Attempt attempt = plan.removeFirst();
            if (doubted) {
                forget();
            }
            try {
                Set<MemberId> used = bring(attempt);
                Optional<ProofFailed> refuted = proveAndStore();
                if (refuted.isEmpty()) {
                    return;
                }
                last = doubt(refuted.get(), attempt, used);
                if (!doubted && !used.isEmpty()) {
                    plan.addAll(oneByOne(attempt));
                }
                doubted = true;
            } catch (FetchFailed e) {
                last = e;
                if (fetch.releasedBytes() > 0) {
                    break; // a client has bytes of it and must not get others behind them
                }
            }
        }
        throw last;
    }

    /** After a first refutation: the origin alone, then every holder alone that is not known to lie. */
    private List<Attempt> oneByOne(Attempt all) {
        List<Attempt> plan = new ArrayList<>();
        plan.add(new Attempt(List.of(), true));
        for (Holder holder : all.holders) {
            if (!parts.suspects().contains(digest(), holder.member().id())) {
                plan.add(new Attempt(List.of(holder), false));
            }
        }
        return plan;
    }

    private Optional<ProofFailed> proveAndStore() throws IOException, InterruptedException {
        return switch (verdicts.take()) {
            case Verdict.Refuted(ProofFailed failure) -> Optional.of(failure);
            case Verdict.Unreadable(IOException failure) -> throw failure;
            case Verdict.Proven(ProvenBlob proof) -> {
                PartialBlob blob = partial;
                if (blob == null) {
                    throw new IllegalStateException("a proof without bytes");
                }
                String source = request.repository().map(Object::toString).orElse("");
                blob.complete(proof, fetch.mediaType(), source);
                partial = null;
                parts.journal().note(digest(), "proof", "", proof.sizeBytes(), "proven and stored");
                fetch.stored();
                yield Optional.empty();
            }
        };
    }

    private FetchFailed doubt(ProofFailed failure, Attempt attempt, Set<MemberId> used) {
        String names = attempt.holders.stream()
                .filter(holder -> used.contains(holder.member().id()))
                .map(holder -> holder.member().name())
                .collect(Collectors.joining(" "));
        String from = used.isEmpty() ? "origin" : names;
        parts.meters().proofFailed(used.isEmpty() ? Meters.Source.ORIGIN : Meters.Source.PEER);
        parts.journal().note(digest(), "proof", from, 0, "failed: " + failure.getMessage());
        log.warn("proof failed: {}, received from {}", failure.getMessage(), from);
        if (used.size() == 1 && !resumed) {
            parts.suspects().add(digest(), used);
        }
        return new FetchFailed(
                used.isEmpty() ? "origin_inconsistent" : "unproven", String.valueOf(failure.getMessage()));
    }

    /** Forgets bytes that cannot be trusted any more, and hashes from the start. */
    private void forget() throws IOException {
        PartialBlob blob = partial;
        if (blob != null) {
            resumed = false;
            fetch.authentic(false);
            blob.reset();
            startTrail(blob);
        }
    }

    /**
     * Brings every byte that is absent.
     *
     * @return the members that delivered some
     */
    private Set<MemberId> bring(Attempt attempt) throws FetchFailed, StoreFull, IOException, InterruptedException {
        Set<MemberId> used = Set.of();
        if (!attempt.holders.isEmpty()) {
            used = bringFromPeers(attempt);
        }
        PartialBlob blob = partial;
        if (blob == null || blob.presentPrefixBytes() < blob.sizeBytes()) {
            if (!attempt.origin || request.repository().isEmpty()) {
                throw new FetchFailed("not_held", "no member of the ring that can be reached holds it whole");
            }
            bringFromOrigin();
        }
        landed();
        return used;
    }

    private Set<MemberId> bringFromPeers(Attempt attempt) throws StoreFull, IOException, InterruptedException {
        PartialBlob blob;
        try {
            blob = partialOf(commonSize(attempt.holders));
        } catch (StoreFull e) {
            if (!attempt.origin || request.repository().isEmpty()) {
                throw e;
            }
            // The size is only what peers say: a false one must not pass for a full disk.
            parts.journal()
                    .note(digest(), "fallback", "", 0, "no room for the size that peers announce: " + e.getMessage());
            return Set.of();
        }
        List<Member> members = attempt.holders.stream()
                .filter(holder -> holder.sizeBytes() == blob.sizeBytes())
                .map(Holder::member)
                .toList();
        fetch.authentic(false);
        return new PeerPull(blob, parts, this::landed).from(members);
    }

    /** The size that most holders announce; of several such the smallest. */
    private static long commonSize(List<Holder> holders) {
        Map<Long, Long> votes =
                holders.stream().collect(Collectors.groupingBy(Holder::sizeBytes, TreeMap::new, Collectors.counting()));
        long most = Collections.max(votes.values());
        return votes.entrySet().stream()
                .filter(vote -> vote.getValue() == most)
                .findFirst()
                .orElseThrow()
                .getKey();
    }

    private void bringFromOrigin() throws FetchFailed, StoreFull, IOException, InterruptedException {
        try {
            PartialBlob blob = partial;
            if (blob == null) {
                try (OriginStream stream = originPull.open(0)) {
                    fetch.mediaType(stream.mediaType());
                    blob = partialOf(stream.sizeBytes());
                    fetch.authentic(blob.presentBytes() == 0 && stream.authentic());
                    if (blob.presentPrefixBytes() == 0) {
                        originPull.copy(stream, blob, this::landed);
                    }
                }
            }
            originPull.rest(blob, authentic -> {
                fetch.authentic(fetch.authentic() && authentic);
                landed();
            });
        } catch (OriginPull.SizeDiffers e) {
            distrustAllHolders();
            throw new FetchFailed("size_differs", String.valueOf(e.getMessage()));
        } catch (OriginException e) {
            parts.journal().note(digest(), "fallback", "origin", 0, String.valueOf(e.getMessage()));
            if (e instanceof OriginException.Denied) {
                log.warn("the origin denies {}: {}", digest(), e.getMessage());
            }
            throw new FetchFailed(Fetcher.reason(e), String.valueOf(e.getMessage()));
        }
    }

    /** They announced a size that the origin contradicts; the next fetch begins without them. */
    private void distrustAllHolders() throws IOException {
        parts.suspects()
                .add(
                        digest(),
                        parts.ring().holders(digest()).stream()
                                .map(holder -> holder.member().id())
                                .toList());
        PartialBlob blob = partial;
        partial = null;
        if (blob != null) {
            blob.discard();
        }
    }

    private List<Holder> trustedHolders() {
        return parts.ring().holders(digest()).stream()
                .filter(holder ->
                        !parts.suspects().contains(digest(), holder.member().id()))
                .filter(holder -> holder.sizeBytes() >= 0 && holder.sizeBytes() <= sizeMax())
                .toList();
    }

    private long sizeMax() {
        return switch (request.kind()) {
            case MANIFEST -> ManifestJson.BYTES_MAX;
            case BLOB -> Chunk.BLOB_BYTES_MAX;
        };
    }

    private PartialBlob partialOf(long sizeBytes) throws StoreFull, IOException {
        PartialBlob blob = partial;
        if (blob == null) {
            blob = parts.store().receive(digest(), sizeBytes);
            partial = blob;
            resumed = blob.presentBytes() > 0;
            startTrail(blob);
            fetch.opened(blob);
        }
        return blob;
    }

    private void startTrail(PartialBlob blob) throws IOException {
        ProofTrail old = trail;
        if (old != null) {
            old.close();
        }
        verdicts.clear();
        trail = new ProofTrail(blob, digest(), parts.proofThreads(), new ProofTrail.Outcome() {
            @Override
            public void proven(ProvenBlob proof) {
                fetch.proven(proof);
                verdicts.add(new Verdict.Proven(proof));
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

    /** More bytes are present. Called from transports' threads, too. */
    private void landed() {
        ProofTrail hashing = trail;
        if (hashing != null) {
            hashing.advance();
        }
        fetch.progressed();
    }

    private void end(FetchFailed why) {
        parts.journal().note(digest(), "failed", "", 0, String.valueOf(why.getMessage()));
        fetch.failed(why);
    }

    private void close() {
        try {
            ProofTrail hashing = trail;
            if (hashing != null) {
                hashing.close();
            }
            PartialBlob blob = partial;
            if (blob != null) {
                blob.close();
            }
        } catch (IOException e) {
            log.warn("closing the partial file of {}: {}", digest(), e.toString());
        }
    }
}
