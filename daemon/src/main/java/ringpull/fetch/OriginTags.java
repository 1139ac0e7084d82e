package ringpull.fetch;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.ImageName;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;
import ringpull.store.TagRecords;
import ringpull.swarm.Answers;

/**
 * Resolves tags at their origin and records the answers; a record stands in only while the origin cannot be reached,
 * never when it answers that a tag is gone or denied.
 */
public final class OriginTags implements Tags, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(OriginTags.class);

    /** A client gets headers within 10 s; an origin that has not answered by then counts as not reached. */
    static final Duration ANSWER_MAX = Duration.ofSeconds(8);

    private static final String UNREACHABLE = "unreachable";

    private final Origin origin;
    private final TagRecords records;
    private final Duration staleMax;
    private final InstantSource clock;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    public OriginTags(Origin origin, TagRecords records, Duration staleMax, InstantSource clock) {
        this.origin = origin;
        this.records = records;
        this.staleMax = staleMax;
        this.clock = clock;
    }

    @Override
    public TagOutcome resolve(ImageName tag) throws InterruptedException {
        return resolve(tag, ANSWER_MAX);
    }

    /** @param within an origin that has not answered by then counts as not reached */
    TagOutcome resolve(ImageName tag, Duration within) throws InterruptedException {
        Future<Origin.TagAnswer> asked = threads.submit(() -> origin.resolve(tag.repository(), tag.reference()));
        try {
            return fresh(tag, asked.get(within.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return late(tag, within);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof OriginException.Unreachable) {
                return recorded(tag, String.valueOf(cause.getMessage()));
            }
            if (cause instanceof OriginException answer) {
                return unresolved(tag, answer);
            }
            throw new IllegalStateException(cause);
        } finally {
            asked.cancel(true);
        }
    }

    private TagOutcome fresh(ImageName tag, Origin.TagAnswer answer) {
        records.record(
                tag,
                new TagRecords.TagRecord(answer.digest(), answer.mediaType(), answer.sizeBytes(), clock.instant()));
        return new TagOutcome.Resolved(answer.digest(), answer.mediaType(), answer.sizeBytes(), Optional.empty());
    }

    /** Records what another member was told by the origin just now. */
    TagOutcome told(ImageName tag, Answers.Tag answer) {
        return fresh(tag, new Origin.TagAnswer(answer.digest(), answer.mediaType(), answer.sizeBytes()));
    }

    TagOutcome late(ImageName tag, Duration within) {
        return recorded(tag, "the registry did not answer within " + within.toSeconds() + " s");
    }

    private TagOutcome recorded(ImageName tag, String why) {
        return recall(tag)
                .map(known -> earlier(tag, known, why))
                .orElseGet(() -> new TagOutcome.Unresolved(UNREACHABLE, why));
    }

    /** This node's own record, however old. */
    Optional<Answers.Recalled> recall(ImageName tag) {
        return records.find(tag).map(record -> {
            Duration age = Duration.between(record.resolvedAt(), clock.instant());
            return new Answers.Recalled(
                    new Answers.Tag(record.digest(), record.mediaType(), record.sizeBytes()),
                    age.isNegative() ? Duration.ZERO : age, // the wall clock went back
                    "");
        });
    }

    /** An earlier answer in place of one that the origin does not give now, unless it is too old. */
    TagOutcome earlier(ImageName tag, Answers.Recalled known, String why) {
        if (known.age().compareTo(staleMax) > 0) {
            return new TagOutcome.Unresolved(
                    UNREACHABLE,
                    why + "; what it said of " + tag + " " + Earlier.text(known.age()) + " ago is too old to use");
        }
        Answers.Tag answer = known.tag();
        return new TagOutcome.Resolved(
                answer.digest(),
                answer.mediaType(),
                answer.sizeBytes(),
                Optional.of(new Earlier(known.age(), known.member(), why)));
    }

    /** Why the origin could not be asked; empty if it was. */
    static Optional<String> unreachable(TagOutcome outcome) {
        return switch (outcome) {
            case TagOutcome.Resolved resolved -> resolved.earlier().map(Earlier::why);
            case TagOutcome.Unresolved(String reason, String detail) ->
                reason.equals(UNREACHABLE) ? Optional.of(detail) : Optional.empty();
        };
    }

    private static TagOutcome unresolved(ImageName tag, OriginException e) {
        if (e instanceof OriginException.Denied) {
            log.warn("the origin denies {}: {}", tag, e.getMessage());
        }
        return new TagOutcome.Unresolved(Fetcher.reason(e), String.valueOf(e.getMessage()));
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
