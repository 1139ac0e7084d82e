package ringpull.fetch;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.ImageName;
import ringpull.swarm.Answers;

/**
 * Resolves tags together with the other members: the tag's home asks the origin once for all who want to know within a second.
 * A node that is alone, or whose home does not answer, asks the origin itself. Where that cannot be reached, the latest answer
 * stands in that this node or, in a ring with certificates, another member had of it. For any thread.
 */
public final class SharedTags implements Tags {
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int REMEMBERED_MAX = 4_096;
    private static final String BUSY = "busy";
    private static final String ABSENT = "not_found";

    /** Left for asking others when the origin has not answered. */
    private static final Duration RECALL = Duration.ofSeconds(1);

    /** What an origin is given at least, however long the tag's home took. */
    private static final Duration LEAST = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(SharedTags.class);

    private final OriginTags origin;
    private final SwarmPulls swarmPulls;
    private final boolean mutualTls;
    private final LongSupplier nanoTime;
    private final Map<ImageName, Shared> asked = new ConcurrentHashMap<>();
    private final AtomicInteger waiting = new AtomicInteger();

    /** One question to the origin, and all who wait for its answer. */
    private static final class Shared {
        final CompletableFuture<TagOutcome> outcome = new CompletableFuture<>();
        volatile long answeredAt = Long.MAX_VALUE;

        boolean isOld(long now) {
            return outcome.isDone() && now - answeredAt > FRESH_NANOS;
        }
    }

    /** @param mutualTls whether members prove who they are, so that their records may be believed, and told them */
    public SharedTags(OriginTags origin, SwarmPulls swarmPulls, boolean mutualTls, LongSupplier nanoTime) {
        this.origin = origin;
        this.swarmPulls = swarmPulls;
        this.mutualTls = mutualTls;
        this.nanoTime = nanoTime;
    }

    @Override
    public TagOutcome resolve(ImageName tag) throws InterruptedException {
        TagOutcome outcome = resolveInCompany(tag);
        if (outcome instanceof TagOutcome.Resolved resolved) {
            resolved.earlier().ifPresent(earlier -> log.warn("{}: {}", tag, earlier));
        }
        return outcome;
    }

    private TagOutcome resolveInCompany(ImageName tag) throws InterruptedException {
        Optional<SwarmPulls.Swarms> company = swarmPulls.company();
        if (company.isEmpty()) {
            return origin.resolve(tag);
        }
        long start = nanoTime.getAsLong();
        Answers homes = company.get().homes();
        Answers.Meaning said = homes.tag(tag, OriginTags.ANSWER_MAX.minus(RECALL));
        Duration took = Duration.ofNanos(nanoTime.getAsLong() - start);
        return switch (said) {
            case Answers.Tag told -> origin.told(tag, told);
            case Answers.Unsaid.ASKING -> recalled(origin.late(tag, took), homes, tag);
            case Answers.Unsaid.BUSY -> new TagOutcome.Unresolved(BUSY, "the registry told another member to wait");
            case Answers.Unsaid.ABSENT ->
                new TagOutcome.Unresolved(ABSENT, "the registry told another member that there is no such tag");
            case Answers.Unsaid.UNKNOWN -> {
                Duration left = OriginTags.ANSWER_MAX.minus(RECALL).minus(took);
                yield recalled(together(tag, left.compareTo(LEAST) < 0 ? LEAST : left), homes, tag);
            }
        };
    }

    private TagOutcome recalled(TagOutcome own, Answers homes, ImageName tag) throws InterruptedException {
        Optional<String> why = mutualTls ? OriginTags.unreachable(own) : Optional.empty();
        return why.isPresent() ? later(own, homes.recall(tag), tag, why.get()) : own;
    }

    /** Of this node's record, if it has one, and of what another member knows. */
    private TagOutcome later(TagOutcome own, Optional<Answers.Recalled> recalled, ImageName tag, String why) {
        Optional<Duration> age =
                own instanceof TagOutcome.Resolved resolved ? resolved.earlier().map(Earlier::age) : Optional.empty();
        boolean isLater =
                recalled.isPresent() && (age.isEmpty() || recalled.get().age().compareTo(age.get()) < 0);
        return isLater ? origin.earlier(tag, recalled.get(), why) : own;
    }

    /** What this node tells one that cannot reach the origin. */
    Optional<Answers.Recalled> recall(ImageName tag) {
        return mutualTls ? origin.recall(tag) : Optional.empty();
    }

    /** Askers, here and at other members, that wait for an origin to say what a tag means. */
    public int waiting() {
        return waiting.get();
    }

    /** What this node tells as the tag's home: only what the origin says now, as whoever asks has records of its own. */
    Answers.Meaning tell(ImageName tag, Duration within) throws InterruptedException {
        return switch (answer(tag, within).orElse(null)) {
            case TagOutcome.Resolved(var digest, var mediaType, var sizeBytes, var earlier)
            when earlier.isEmpty() -> new Answers.Tag(digest, mediaType, sizeBytes);
            case TagOutcome.Unresolved(String reason, String _) when reason.equals(BUSY) -> Answers.Unsaid.BUSY;
            case TagOutcome.Unresolved(String reason, String _) when reason.equals(ABSENT) -> Answers.Unsaid.ABSENT;
            case TagOutcome _ -> Answers.Unsaid.UNKNOWN;
            case null -> Answers.Unsaid.ASKING;
        };
    }

    private TagOutcome together(ImageName tag, Duration within) throws InterruptedException {
        Optional<TagOutcome> answer = answer(tag, within);
        return answer.isPresent() ? answer.get() : origin.late(tag, within);
    }

    /** Asks the origin, or shares what another asker got or is getting; empty if it takes longer. */
    private Optional<TagOutcome> answer(ImageName tag, Duration within) throws InterruptedException {
        asked.values().removeIf(shared -> shared.isOld(nanoTime.getAsLong()));
        if (asked.size() >= REMEMBERED_MAX) {
            return Optional.of(origin.resolve(tag, within));
        }
        Shared mine = new Shared();
        Shared shared = asked.putIfAbsent(tag, mine);
        if (shared == null) {
            // Whoever asked first may go, and the others still wait.
            Thread.ofVirtual().name("tag").start(() -> ask(tag, mine));
            shared = mine;
        }
        waiting.incrementAndGet();
        try {
            return Optional.of(shared.outcome.get(within.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new IllegalStateException("asking what " + tag + " means", e.getCause());
        } finally {
            waiting.decrementAndGet();
        }
    }

    /** Whether the origin said what a tag means, or that it gives it to nobody or not to this node. */
    private static boolean isOrigins(TagOutcome outcome) {
        boolean busy = outcome instanceof TagOutcome.Unresolved(String reason, String _) && reason.equals(BUSY);
        return !busy && OriginTags.unreachable(outcome).isEmpty();
    }

    private void ask(ImageName tag, Shared mine) {
        try {
            TagOutcome outcome = origin.resolve(tag);
            mine.answeredAt = nanoTime.getAsLong();
            if (!isOrigins(outcome)) {
                asked.remove(tag, mine); // for those who wait now, and nobody later
            }
            mine.outcome.complete(outcome);
        } catch (InterruptedException | RuntimeException e) {
            asked.remove(tag, mine);
            mine.outcome.completeExceptionally(e);
        }
    }
}
