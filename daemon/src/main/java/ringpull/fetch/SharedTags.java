package ringpull.fetch;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import ringpull.blob.ImageName;
import ringpull.swarm.Answers;

/**
 * Resolves tags together with the other members: the tag's home asks the origin once for all who want to know within a second.
 * A node that is alone, or whose home does not answer, asks the origin itself. For any thread.
 */
public final class SharedTags implements Tags {
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int REMEMBERED_MAX = 4_096;

    private final OriginTags origin;
    private final SwarmPulls swarmPulls;
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

    public SharedTags(OriginTags origin, SwarmPulls swarmPulls, LongSupplier nanoTime) {
        this.origin = origin;
        this.swarmPulls = swarmPulls;
        this.nanoTime = nanoTime;
    }

    @Override
    public TagOutcome resolve(ImageName tag) throws InterruptedException {
        Optional<SwarmPulls.Swarms> company = swarmPulls.company();
        if (company.isEmpty()) {
            return origin.resolve(tag);
        }
        Optional<Answers.Tag> told = company.get().homes().tag(tag);
        return told.isPresent() ? origin.told(tag, told.get()) : together(tag);
    }

    /** As this tag's home: asks the origin, or shares what another asker got or is getting. */
    TagOutcome together(ImageName tag) throws InterruptedException {
        while (true) {
            asked.values().removeIf(shared -> shared.isOld(nanoTime.getAsLong()));
            Shared mine = new Shared();
            Shared shared = asked.size() < REMEMBERED_MAX ? asked.putIfAbsent(tag, mine) : null;
            if (shared == null) {
                return ask(tag, mine);
            }
            try {
                return shared.outcome.get();
            } catch (CancellationException | ExecutionException e) {
                asked.remove(tag, shared); // whoever asked was broken off
            }
        }
    }

    private TagOutcome ask(ImageName tag, Shared mine) throws InterruptedException {
        try {
            TagOutcome outcome = origin.resolve(tag);
            mine.answeredAt = nanoTime.getAsLong();
            if (!(outcome instanceof TagOutcome.Resolved resolved) || resolved.stale()) {
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
