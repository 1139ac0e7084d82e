package ringpull.origin.oci;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.origin.OriginException;

/**
 * Finds the Authorization header for one endpoint. Credentials go to the endpoint itself and to its trusted token realms;
 * any other realm is asked for an anonymous token. Thread-safe.
 */
final class Authenticator {
    private static final Logger log = LoggerFactory.getLogger(Authenticator.class);

    /** Bytes of a realm's URL. */
    private static final int REALM_MAX = 2048;

    private final URI endpoint;
    private final Set<String> trustedRealms;
    private final Credentials credentials;
    private final TokenRealm realms;
    private final Tokens tokens;
    private final AtomicBoolean toldOfRealm = new AtomicBoolean();
    private volatile boolean asksForPassword;

    /** @param trustedRealms {@code scheme://host:port} that get credentials besides the endpoint's own host */
    Authenticator(
            URI endpoint,
            Set<String> trustedRealms,
            Credentials credentials,
            HttpPool pool,
            Surroundings surroundings) {
        this.endpoint = endpoint;
        this.trustedRealms = Set.copyOf(trustedRealms);
        this.credentials = credentials;
        this.realms = new TokenRealm(pool, surroundings);
        this.tokens = new Tokens(surroundings.clock());
    }

    /** What to send unasked, as the endpoint asked for it before. */
    Optional<String> ready(String scope) throws OriginException {
        Optional<String> token = tokens.ready(scope).map(value -> "Bearer " + value);
        if (token.isEmpty() && asksForPassword) {
            return basic();
        }
        return token;
    }

    /**
     * What to send after a 401.
     *
     * @param headers every WWW-Authenticate
     * @param rejected the Authorization that was sent; empty if none
     */
    String answer(List<String> headers, String scope, String rejected) throws OriginException, InterruptedException {
        List<Challenge> challenges = headers.stream()
                .flatMap(header -> Challenge.parse(header).stream())
                .toList();
        for (Challenge challenge : challenges) {
            if (challenge.scheme().equals("bearer")) {
                return "Bearer " + token(challenge, scope, rejected);
            }
        }
        for (Challenge challenge : challenges) {
            if (challenge.scheme().equals("basic") && !rejected.startsWith("Basic ")) {
                asksForPassword = true;
                return basic().orElseThrow(() -> new OriginException.Denied(
                        Site.of(endpoint) + " wants a user and a password, and the configuration has none for it"));
            }
        }
        throw new OriginException.Denied(Site.of(endpoint) + " answered 401 and offers no other way to log in");
    }

    private Optional<String> basic() throws OriginException {
        return credentials.login(endpoint).flatMap(login -> switch (login) {
            case Login.Password password -> Optional.of(password.basic());
            case Login.IdentityToken token -> Optional.empty(); // only a token realm understands it
        });
    }

    private String token(Challenge challenge, String scope, String rejected)
            throws OriginException, InterruptedException {
        URI realm = realm(challenge.parameters().getOrDefault("realm", ""));
        String service = challenge.parameters().getOrDefault("service", "");
        String rejectedToken = rejected.startsWith("Bearer ") ? rejected.substring("Bearer ".length()) : "";
        String named = challenge.pullScope(scope);
        return tokens.get(scope, rejectedToken, () -> realms.fetch(realm, service, named, loginFor(realm)));
    }

    private URI realm(String text) throws OriginException {
        try {
            URI realm = new URI(text);
            if (text.length() <= REALM_MAX && realm.getHost() != null && realm.getRawFragment() == null) {
                return realm;
            }
        } catch (URISyntaxException e) {
            // the same answer as for the other bad ones
        }
        throw new OriginException.Malformed(Site.of(endpoint) + " names a token realm that is no URL");
    }

    private Optional<Login> loginFor(URI realm) throws OriginException {
        Optional<Login> login = credentials.login(endpoint);
        if (login.isEmpty() || isTrusted(realm)) {
            return login;
        }
        if (toldOfRealm.compareAndSet(false, true)) {
            log.warn(
                    "{} wants its credentials sent to {}, which is another host: asked for an anonymous token instead;"
                            + " if that is its token server, write token_realm = \"{}\" into its [[registry]]",
                    Site.of(endpoint),
                    Site.of(realm),
                    Site.of(realm));
        }
        return Optional.empty();
    }

    private boolean isTrusted(URI realm) {
        boolean sameHost = Site.host(realm).equals(Site.host(endpoint));
        boolean asSafe =
                Site.scheme(realm).equals("https") || Site.scheme(endpoint).equals("http");
        return (sameHost && asSafe) || trustedRealms.contains(Site.of(realm));
    }
}
