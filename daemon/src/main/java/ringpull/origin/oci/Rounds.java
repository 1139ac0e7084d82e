package ringpull.origin.oci;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import ringpull.origin.OriginException;

/**
 * Asks a registry's endpoints in their order, and all of them again after a pause, as long as that is worth it. The last
 * endpoint is the registry itself, so its failure is what the caller hears.
 */
final class Rounds {
    /** Times that every endpoint is asked. */
    private static final int ROUNDS_MAX = 3;

    /** Pause before the second round, four times as long before the third; and up to as much again, by chance. */
    private static final Duration BACK_OFF = Duration.ofMillis(200);

    /** The longest Retry-After that is waited for: clients have limits too. */
    static final Duration RETRY_AFTER_MAX = Duration.ofSeconds(5);

    /** No round starts later than this after the first. */
    private static final Duration WINDOW = Duration.ofSeconds(10);

    private final List<Endpoint> endpoints;
    private final Surroundings surroundings;

    Rounds(List<Endpoint> endpoints, Surroundings surroundings) {
        this.endpoints = List.copyOf(endpoints);
        this.surroundings = surroundings;
    }

    <T> T ask(Attempt<T> attempt) throws OriginException, InterruptedException {
        Instant latest = surroundings.clock().instant().plus(WINDOW);
        for (int round = 1; ; round++) {
            try {
                return once(attempt);
            } catch (OriginException failure) {
                Optional<Duration> pause = pause(failure, round);
                if (pause.isEmpty()
                        || surroundings.clock().instant().plus(pause.get()).isAfter(latest)) {
                    throw failure;
                }
                surroundings.pause().sleep(pause.get());
            }
        }
    }

    /** One round: every endpoint once. */
    <T> T once(Attempt<T> attempt) throws OriginException, InterruptedException {
        OriginException failure = null;
        for (Endpoint endpoint : inOrder()) {
            try {
                return attempt.at(endpoint);
            } catch (OriginException e) {
                failure = verdict(failure, e);
            }
        }
        if (failure == null) {
            throw new IllegalStateException("a registry without endpoints");
        }
        throw failure;
    }

    /** As configured, but those last whose bodies were too slow a moment ago. */
    private List<Endpoint> inOrder() {
        return Stream.concat(
                        endpoints.stream().filter(endpoint -> !endpoint.isSlow()),
                        endpoints.stream().filter(Endpoint::isSlow))
                .toList();
    }

    /** Throws what ends the search at once; else which of two failures tells more. */
    private static OriginException verdict(@Nullable OriginException before, OriginException now)
            throws OriginException {
        return switch (now) {
            case OriginException.Denied denied -> throw denied;
            case OriginException.Forbidden forbidden -> throw forbidden;
            case OriginException.Unreachable _ -> before instanceof OriginException.Busy ? before : now;
            case OriginException.Busy _, OriginException.NotFound _, OriginException.Malformed _ -> now;
        };
    }

    /** How long to wait before another round; empty if there shall be none. */
    private static Optional<Duration> pause(OriginException failure, int round) {
        Duration asked;
        switch (failure) {
            case OriginException.Busy busy -> asked = busy.retryAfter();
            case OriginException.Unreachable unreachable -> asked = unreachable.retryAfter();
            case OriginException.NotFound _,
                    OriginException.Malformed _,
                    OriginException.Denied _,
                    OriginException.Forbidden _ -> {
                return Optional.empty();
            }
        }
        if (round == ROUNDS_MAX || asked.compareTo(RETRY_AFTER_MAX) > 0) {
            return Optional.empty();
        }
        long backOff = BACK_OFF.toMillis() << (2 * (round - 1));
        Duration own = Duration.ofMillis(backOff + ThreadLocalRandom.current().nextLong(backOff));
        return Optional.of(asked.compareTo(own) > 0 ? asked : own);
    }

    interface Attempt<T> {
        T at(Endpoint endpoint) throws OriginException, InterruptedException;
    }
}
