package ringpull.fetch;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
        Optional<Answers.Tag> told = homes.tag(tag);
        if (told.isPresent()) {
            return origin.told(tag, told.get());
        }
        Duration left = OriginTags.ANSWER_MAX.minus(RECALL).minusNanos(nanoTime.getAsLong() - start);
        TagOutcome own = together(tag, left.compareTo(LEAST) < 0 ? LEAST : left);
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

    /** As this tag's home: asks the origin, or shares what another asker got or is getting. */
    TagOutcome together(ImageName tag) throws InterruptedException {
        return together(tag, OriginTags.ANSWER_MAX);
    }

    private TagOutcome together(ImageName tag, Duration within) throws InterruptedException {
        while (true) {
            asked.values().removeIf(shared -> shared.isOld(nanoTime.getAsLong()));
            Shared mine = new Shared();
            Shared shared = asked.size() < REMEMBERED_MAX ? asked.putIfAbsent(tag, mine) : null;
            if (shared == null) {
                return ask(tag, within, mine);
            }
            try {
                return shared.outcome.get(within.toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                return origin.late(tag, within);
            } catch (CancellationException | ExecutionException e) {
                asked.remove(tag, shared); // whoever asked was broken off
            }
        }
    }

    private TagOutcome ask(ImageName tag, Duration within, Shared mine) throws InterruptedException {
        try {
            TagOutcome outcome = origin.resolve(tag, within);
            mine.answeredAt = nanoTime.getAsLong();
            if (!(outcome instanceof TagOutcome.Resolved resolved)
                    || resolved.earlier().isPresent()) {
                asked.remove(tag, mine); // for those who wait now, and nobody later
            }
            mine.outcome.complete(outcome);
            return outcome;
        } finally {
            if (mine.outcome.cancel(false)) {
                asked.remove(tag, mine);
            }
        }
    }
}
