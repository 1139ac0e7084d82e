package ringpull.fetch;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
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
    private static final Duration ANSWER_MAX = Duration.ofSeconds(8);

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
        Future<Origin.TagAnswer> asked = threads.submit(() -> origin.resolve(tag.repository(), tag.reference()));
        try {
            return fresh(tag, asked.get(ANSWER_MAX.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return stale(tag, "the origin did not answer within " + ANSWER_MAX.toSeconds() + " s");
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof OriginException.Unreachable) {
                return stale(tag, String.valueOf(cause.getMessage()));
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
        Instant now = clock.instant();
        records.record(tag, new TagRecords.TagRecord(answer.digest(), answer.mediaType(), answer.sizeBytes(), now));
        return new TagOutcome.Resolved(answer.digest(), answer.mediaType(), answer.sizeBytes(), now, false);
    }

    /** Records what another member was told by the origin just now. */
    TagOutcome told(ImageName tag, Answers.Tag answer) {
        return fresh(tag, new Origin.TagAnswer(answer.digest(), answer.mediaType(), answer.sizeBytes()));
    }

    private TagOutcome stale(ImageName tag, String why) {
        TagRecords.TagRecord record = records.find(tag).orElse(null);
        if (record == null) {
            return new TagOutcome.Unresolved("unreachable", why);
        }
        Duration age = Duration.between(record.resolvedAt(), clock.instant());
        if (age.compareTo(staleMax) > 0) {
            return new TagOutcome.Unresolved(
                    "unreachable", why + "; the record of " + tag + " is " + age.toHours() + " h old, too old to use");
        }
        log.warn("{} is answered from a record of {}: {}", tag, record.resolvedAt(), why);
        return new TagOutcome.Resolved(
                record.digest(), record.mediaType(), record.sizeBytes(), record.resolvedAt(), true);
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
