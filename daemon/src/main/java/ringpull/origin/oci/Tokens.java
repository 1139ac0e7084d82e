package ringpull.origin.oci;

import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import ringpull.origin.OriginException;

/** The tokens of one endpoint by scope; each is fetched once for all that wait. Thread-safe. */
final class Tokens {
    /** Scopes come with clients' requests; the longest unused goes first. */
    private static final int SCOPES_MAX = 1024;

    private final InstantSource clock;
    private final Map<String, Token> tokens = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Token> eldest) {
            return size() > SCOPES_MAX;
        }
    };
    private final Map<String, CompletableFuture<Token>> flights = new HashMap<>();

    Tokens(InstantSource clock) {
        this.clock = clock;
    }

    /** A token that is still good. */
    synchronized Optional<String> ready(String scope) {
        Token token = tokens.get(scope);
        return token == null || !clock.instant().isBefore(token.goodUntil)
                ? Optional.empty()
                : Optional.of(token.value);
    }

    /**
     * A token other than the one that was rejected: one that is here, or on its way, or fetched now.
     *
     * @param rejected empty if none was
     */
    String get(String scope, String rejected, Source source) throws OriginException, InterruptedException {
        while (true) {
            CompletableFuture<Token> mine = new CompletableFuture<>();
            CompletableFuture<Token> flight;
            synchronized (this) {
                Optional<String> ready = ready(scope);
                if (ready.isPresent() && !ready.get().equals(rejected)) {
                    return ready.get();
                }
                flight = flights.putIfAbsent(scope, mine);
            }
            if (flight == null) {
                return lead(scope, mine, source);
            }
            Token token = follow(flight);
            if (token != null) {
                return token.value;
            }
        }
    }

    private String lead(String scope, CompletableFuture<Token> flight, Source source)
            throws OriginException, InterruptedException {
        try {
            Token token = source.fetch();
            synchronized (this) {
                tokens.put(scope, token);
            }
            flight.complete(token);
            return token.value;
        } catch (OriginException e) {
            flight.completeExceptionally(e);
            throw e;
        } finally {
            synchronized (this) {
                flights.remove(scope);
            }
            flight.cancel(false); // if it was left by an interrupt: then somebody else leads
        }
    }

    private static @Nullable Token follow(CompletableFuture<Token> flight)
            throws OriginException, InterruptedException {
        try {
            return flight.get();
        } catch (CancellationException e) {
            return null;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof OriginException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    interface Source {
        Token fetch() throws OriginException, InterruptedException;
    }

    record Token(String value, Instant goodUntil) {
        @Override
        public String toString() {
            return "Token[…, " + goodUntil + "]";
        }
    }
}
