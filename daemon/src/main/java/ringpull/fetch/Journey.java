package ringpull.fetch;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blame.Fault;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
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
 * <p>Owned by the one virtual thread that calls {@link #run}.
 */
final class Journey implements SwarmPull.Host {
    private static final Logger log = LoggerFactory.getLogger(Journey.class);

    private final Digest digest;
    private final ContentKind kind;
    private final Fetcher.Parts parts;
    private final BlobFetch fetch;
    private final Trust trust;
    private final Wishes wishes;
    private final Together together;
    private final Proving proving;

    private @Nullable PartialBlob partial;

    /** Whether bytes of an earlier life of the daemon are among those present: then nobody is blamed for them. */
    private boolean resumed;

    /** Whether the bytes that are present were refuted and not forgotten yet: nobody may go on with them. */
    private boolean refuted;

    /** How many of the origins that clients named were asked in vain since the last doubt. */
    private int originsTried;

    /** @param request of the client that began it */
    Journey(BlobRequest request, Fetcher.Parts parts, BlobFetch fetch) {
        this.digest = request.digest();
        this.kind = request.kind();
        this.parts = parts;
        this.fetch = fetch;
        this.wishes = fetch.wishes();
        this.trust = new Trust(request, parts);
        this.together = new Together(request, parts, fetch, trust.evidence());
        this.proving = new Proving(digest, parts, fetch, trust.evidence());
    }

    void run() {
        try {
            Optional<StoredBlob> stored = parts.store().find(digest);
            if (stored.isPresent()) {
                fetch.foundStored(stored.get());
            } else {
                travel();
            }
            close();
        } catch (FetchFailed e) {
            end(e);
        } catch (StoreFull e) {
            log.warn("no room in the store for {}: the pull goes on past it. {}", digest, e.getMessage());
            parts.noRoom().add(digest);
            end(new FetchFailed("store_full", String.valueOf(e.getMessage())));
        } catch (IOException e) {
            log.warn("the store failed while {} arrived: {}", digest, e.toString());
            end(new FetchFailed("store_failed", e.toString()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end(new FetchFailed("stopped", "the daemon stops"));
        } catch (RuntimeException e) {
            log.error("fetching {} met a defect", digest, e);
            end(new FetchFailed("defect", e.toString()));
        }
    }

    private void travel() throws FetchFailed, StoreFull, IOException, InterruptedException {
        Plan plan = new Plan(trust.holders());
        boolean doubted = false;
        FetchFailed last = new FetchFailed("not_held", "no source is left to ask");
        while (true) {
            if (doubted && fetch.isHandedOff()) {
                throw last; // a client has bytes of it and must not get others behind them
            }
            Plan.Attempt attempt = next(plan, last);
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
                trust.refuted(blob());
                doubted = true;
                if (resumed) {
                    plan.again(attempt); // it may all come from what an earlier life left
                } else if (used.isEmpty()) {
                    originsTried++;
                } else {
                    plan.refuted(attempt, trust::isSuspect);
                    originsTried = 0;
                }
            } catch (OriginPull.SizeDiffers e) {
                last = new FetchFailed("size_differs", String.valueOf(e.getMessage()));
                note("origin", last.detail());
                doubted = true;
                discard();
                if (!plan.originSays(e.sizeBytes())) {
                    originsTried++;
                }
            } catch (FetchFailed e) {
                last = e;
            }
        }
    }

    /** Throws why it failed last when nobody is left to ask; a client may yet have named another origin. */
    private Plan.Attempt next(Plan plan, FetchFailed last) throws FetchFailed {
        // Where a client has bytes from an origin, another origin may go on behind them, but no holder that disagrees.
        Optional<Plan.Attempt> attempt = fetch.hasReleased() ? Optional.empty() : plan.next();
        if (attempt.isPresent()) {
            return attempt.get();
        }
        if (wishes.endUnlessMoreThan(originsTried)) {
            throw last;
        }
        plan.origin();
        return plan.next().orElseThrow();
    }

    private Optional<ProofFailed> proveAndStore() throws IOException, InterruptedException {
        return switch (proving.verdict()) {
            case Verdict.Refuted(ProofFailed failure) -> Optional.of(failure);
            case Verdict.Unreadable(IOException failure) -> throw failure;
            case Verdict.Proven(ProvenBlob proof) -> {
                PartialBlob blob = blob();
                List<String> sources = wishes.repositories();
                blob.complete(proof, fetch.mediaType(), sources.isEmpty() ? "" : sources.getFirst());
                partial = null;
                sources.forEach(source -> parts.store().noteSource(digest, source));
                together.leave(true);
                trust.blame(proof, proving.liars(proof));
                parts.journal().note(digest, "proof", "", proof.sizeBytes(), "proven and stored");
                if (kind == ContentKind.MANIFEST) {
                    learn();
                }
                fetch.stored();
                trust.judge();
                yield Optional.empty();
            }
        };
    }

    /** Before anybody has the manifest, and asks for what it names. */
    private void learn() throws IOException {
        try (BlobFile manifest = parts.store().open(digest).orElse(null)) {
            if (manifest != null) {
                parts.promised().learn(manifest);
            }
        }
    }

    private PartialBlob blob() {
        PartialBlob blob = partial;
        if (blob == null) {
            throw new IllegalStateException("a verdict without bytes");
        }
        return blob;
    }

    private FetchFailed doubt(ProofFailed failure, Plan.Attempt attempt, Set<MemberId> used) {
        String names = attempt.holders().stream()
                .filter(holder -> used.contains(holder.member().id()))
                .map(holder -> holder.member().name())
                .collect(Collectors.joining(" "));
        String from = used.isEmpty() ? "origin" : names;
        refuted = true;
        boolean believedEarly = fetch.hasReleased();
        fetch.refuted();
        if (believedEarly) {
            parts.suspects().neverEarly(digest);
        }
        if (fetch.isHandedOff()) {
            parts.wrongBytes().left(digest, from + ": " + failure.getMessage());
        }
        parts.meters().proofFailed(used.isEmpty() ? Meters.Source.ORIGIN : Meters.Source.PEER);
        parts.journal().note(digest, "proof", from, 0, "failed: " + failure.getMessage());
        log.warn("proof failed: {}, received from {}", failure.getMessage(), from);
        if (used.isEmpty() && !resumed) {
            parts.reputation().happened(new Fault.OriginWrong(digest));
        }
        if (used.size() == 1 && !resumed) {
            parts.suspects().add(digest, used);
        }
        return new FetchFailed(
                used.isEmpty() ? "origin_inconsistent" : "unproven", String.valueOf(failure.getMessage()));
    }

    /** Forgets bytes that cannot be trusted any more, and hashes from the start. */
    private void forget() throws IOException {
        PartialBlob blob = partial;
        together.leave(false);
        if (blob != null) {
            blob.reset();
            refuted = false;
            resumed = false;
            proving.begin(blob);
        }
    }

    /**
     * Brings every byte that is absent.
     *
     * @return the members that delivered some
     */
    private Set<MemberId> bring(Plan.Attempt attempt) throws FetchFailed, StoreFull, IOException, InterruptedException {
        Set<MemberId> used = Set.of();
        if (!attempt.holders().isEmpty()) {
            used = bringFromPeers(attempt);
        }
        PartialBlob blob = partial;
        if (blob == null || blob.presentPrefixBytes() < blob.sizeBytes()) {
            if (!attempt.origin()) {
                throw notHeld();
            }
            if (attempt.holders().isEmpty()) {
                used = together.bring(originsTried == 0, this);
            }
            blob = partial;
            if (blob == null || blob.presentPrefixBytes() < blob.sizeBytes()) {
                bringFromOrigins();
            }
        }
        return used;
    }

    private Set<MemberId> bringFromPeers(Plan.Attempt attempt) throws FetchFailed, IOException, InterruptedException {
        PartialBlob blob;
        try {
            blob = open(attempt.holders().getFirst().sizeBytes());
        } catch (StoreFull e) {
            // The size is only what peers say: a false one must not pass for a full disk.
            String why = "no room for the size that peers announce: " + e.getMessage();
            note("", why);
            if (!attempt.origin() || wishes.nameNoOrigin()) {
                throw new FetchFailed("store_full", why);
            }
            return Set.of();
        }
        List<Member> members = attempt.holders().stream().map(Holder::member).toList();
        LinkProof links = proving.byLadder(blob, members);
        return new PeerPull(blob, parts, links, trust.evidence(), fetch::wanted, proving::landed).from(members);
    }

    private static FetchFailed notHeld() {
        return new FetchFailed("not_held", "no member of the ring that can be reached holds it whole");
    }

    /** Asks the origins that clients named, one after the other, for what is absent. */
    private void bringFromOrigins() throws FetchFailed, StoreFull, IOException, InterruptedException {
        FetchFailed last = notHeld();
        for (var wish = wishes.origin(originsTried); wish.isPresent(); wish = wishes.origin(originsTried)) {
            try {
                bringFromOrigin(wish.get());
                return;
            } catch (OriginException e) {
                originsTried++;
                note("origin", String.valueOf(e.getMessage()));
                if (e instanceof OriginException.Denied) {
                    log.warn("the origin denies {}: {}", digest, e.getMessage());
                }
                last = new FetchFailed(Fetcher.reason(e), String.valueOf(e.getMessage()));
            }
        }
        throw last;
    }

    private void bringFromOrigin(BlobRequest wish)
            throws OriginException, StoreFull, IOException, InterruptedException {
        OriginPull pull = new OriginPull(wish, parts.sources().origin(), parts.journal(), parts.meters());
        PartialBlob blob = partial;
        if (blob == null) {
            try (OriginStream stream = pull.open(0)) {
                fetch.mediaType(stream.mediaType());
                blob = open(stream.sizeBytes());
                if (blob.presentPrefixBytes() == 0) {
                    pull.copy(stream, blob, this::cameFromOrigin);
                }
            }
        }
        pull.rest(blob, this::cameFromOrigin);
    }

    private void cameFromOrigin(ByteRange range, boolean authentic) {
        if (authentic) {
            fetch.release(range);
        }
        proving.landed();
    }

    /** Begins anew when the size turns out to be another. */
    private void discard() throws IOException {
        PartialBlob blob = partial;
        proving.close();
        partial = null;
        refuted = false;
        if (blob != null) {
            blob.discard();
        }
    }

    @Override
    public PartialBlob open(long sizeBytes) throws StoreFull, IOException {
        PartialBlob blob = partial;
        if (blob != null && blob.sizeBytes() != sizeBytes) {
            discard();
            blob = null;
        }
        if (blob == null) {
            blob = parts.store().receive(digest, sizeBytes);
            partial = blob;
            resumed = blob.presentBytes() > 0;
            fetch.opened(blob);
            proving.begin(blob);
        }
        return blob;
    }

    @Override
    public void landed() {
        proving.landed();
    }

    private void note(String source, String why) {
        parts.journal().note(digest, "fallback", source, 0, why);
    }

    /** Clients hear of it last: then another fetch of the blob may begin. */
    private void end(FetchFailed why) {
        wishes.end();
        trust.ended();
        together.leave(false);
        close();
        parts.journal().note(digest, "failed", "", 0, String.valueOf(why.getMessage()));
        fetch.failed(why);
    }

    private void close() {
        try {
            proving.close();
            PartialBlob blob = partial;
            if (blob != null && refuted) {
                blob.discard();
            } else if (blob != null) {
                blob.close();
            }
        } catch (IOException e) {
            log.warn("closing the partial file of {}: {}", digest, e.toString());
        }
    }
}
