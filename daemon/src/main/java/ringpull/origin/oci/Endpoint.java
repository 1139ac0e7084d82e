package ringpull.origin.oci;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import ringpull.origin.OriginException;

/** One base URL of a registry: sends requests to it, logs in where it asks for that, and follows its redirects. */
final class Endpoint {
    /** Redirects of one request. */
    private static final int REDIRECTS_MAX = 5;

    /** How long others are asked first after a body from here fell silent or dripped. */
    private static final Duration SLOW_LASTS = Duration.ofMinutes(1);

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    private final URI base;
    private final String api;
    private final String pathPrefix;
    private final HttpPool pool;
    private final Authenticator authenticator;
    private final InstantSource clock;
    private volatile Instant slowUntil = Instant.MIN;

    Endpoint(URI base, HttpPool pool, Authenticator authenticator, InstantSource clock) {
        this.clock = clock;
        this.base = base;
        this.pool = pool;
        this.authenticator = authenticator;
        String path = base.getRawPath().replaceFirst("/+$", "");
        boolean complete = path.equals("/v2") || path.startsWith("/v2/");
        this.api = complete ? path : path + "/v2";
        this.pathPrefix = complete && path.length() > 4 ? path.substring(4) + "/" : "";
    }

    void foundSlow() {
        slowUntil = clock.instant().plus(SLOW_LASTS);
    }

    boolean isSlow() {
        return clock.instant().isBefore(slowUntil);
    }

    /** Scheme, host and port. */
    String site() {
        return Site.of(base);
    }

    /** Sends a request; returns whatever status comes but a redirect, or a 401 that we know an answer to. */
    Reached send(Ask ask) throws OriginException, InterruptedException {
        String scope = "repository:" + pathPrefix + ask.path + ":pull";
        Optional<String> ready = authenticator.ready(scope);
        Reached first = follow(ask, ready);
        if (first.answer.status() != 401 || !first.home) {
            return first;
        }
        List<String> challenges = first.answer.headers("WWW-Authenticate").toList();
        first.answer.discard();
        return follow(ask, Optional.of(authenticator.answer(challenges, scope, ready.orElse(""))));
    }

    private Reached follow(Ask ask, Optional<String> authorization) throws OriginException, InterruptedException {
        URI url = URI.create(base.getScheme() + "://" + base.getRawAuthority() + api + "/" + ask.path + "/" + ask.rest);
        boolean home = true;
        boolean authentic = true;
        for (int hops = 0; hops <= REDIRECTS_MAX; hops++) {
            authentic &= Site.scheme(url).equals("https");
            HttpUriRequestBase request = new HttpUriRequestBase(ask.method, url);
            ask.headers.forEach(request::setHeader);
            if (home && authorization.isPresent()) {
                request.setHeader("Authorization", authorization.get());
            }
            Answer answer = pool.send(request, url);
            if (!REDIRECTS.contains(answer.status())) {
                return new Reached(answer, home, authentic);
            }
            URI next = location(answer);
            answer.discard();
            home &= Site.of(next).equals(site()); // once away, credentials stay away
            url = next;
        }
        throw new OriginException.Malformed(site() + " redirects more than " + REDIRECTS_MAX + " times");
    }

    private static URI location(Answer answer) throws OriginException {
        try {
            URI next = answer.url().resolve(new URI(answer.header("Location").orElse("")));
            if (next.getHost() != null && !next.equals(answer.url())) {
                return next;
            }
        } catch (URISyntaxException e) {
            // the same answer as for the other bad ones
        }
        answer.close();
        throw answer.malformed("a redirect that leads nowhere");
    }

    /**
     * @param path of the repository
     * @param rest of the URL
     */
    record Ask(String method, String path, String rest, Map<String, String> headers) {
        String wanted() {
            return path + "/" + rest;
        }
    }

    /**
     * @param home whether the endpoint itself answered, and not where it redirects to
     * @param authentic whether every hop was TLS
     */
    record Reached(Answer answer, boolean home, boolean authentic) implements AutoCloseable {
        @Override
        public void close() {
            answer.close();
        }
    }
}
