package ringpull.origin.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.StringEntity;
import ringpull.origin.OriginException;

/** Asks a token server for a token to pull. Its redirects are not followed: a login may be on board. */
final class TokenRealm {
    private static final int RESPONSE_MAX = 64 << 10;

    /** What the protocol assumes where the server says nothing. */
    private static final long LIFE_DEFAULT_SECONDS = 60;

    private static final long LIFE_MAX_SECONDS = 3600;
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/=-]{1,16384}");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpPool pool;
    private final Surroundings surroundings;

    TokenRealm(HttpPool pool, Surroundings surroundings) {
        this.pool = pool;
        this.surroundings = surroundings;
    }

    /** @param login only for a realm that may have it */
    Tokens.Token fetch(URI realm, String service, String scope, Optional<Login> login)
            throws OriginException, InterruptedException {
        Instant now = surroundings.clock().instant();
        try (Answer answer = send(realm, service, scope, login)) {
            if (answer.status() != 200) {
                throw answer.failure("a token for " + scope, now);
            }
            try {
                return parse(answer.body(RESPONSE_MAX), now);
            } catch (IllegalArgumentException e) {
                throw answer.malformed(String.valueOf(e.getMessage()));
            }
        }
    }

    private Answer send(URI realm, String service, String scope, Optional<Login> login)
            throws OriginException, InterruptedException {
        String query = "scope=" + encode(scope) + (service.isEmpty() ? "" : "&service=" + encode(service));
        if (login.isPresent() && login.get() instanceof Login.IdentityToken(String token)) {
            HttpUriRequestBase request = new HttpUriRequestBase("POST", realm);
            String form = "grant_type=refresh_token&client_id=ringpull&" + query + "&refresh_token=" + encode(token);
            request.setEntity(new StringEntity(form, ContentType.APPLICATION_FORM_URLENCODED));
            return pool.send(request, realm);
        }
        String separator = realm.getRawQuery() == null ? "?" : "&";
        URI url = URI.create(realm + separator + query);
        HttpUriRequestBase request = new HttpUriRequestBase("GET", url);
        if (login.isPresent() && login.get() instanceof Login.Password password) {
            request.setHeader("Authorization", password.basic());
        }
        return pool.send(request, url);
    }

    /** @throws IllegalArgumentException that says what is wrong, without quoting it */
    static Tokens.Token parse(byte[] body, Instant now) {
        JsonNode json;
        try {
            json = JSON.readTree(body);
        } catch (IOException e) { // its message may quote a token; also for bytes that are no text
            throw new IllegalArgumentException("a token response that is not JSON", e);
        }
        String token = json.path("token").asText(json.path("access_token").asText());
        if (!TOKEN.matcher(token).matches()) {
            throw new IllegalArgumentException("a token response without a usable token");
        }
        long seconds = json.path("expires_in").asLong(LIFE_DEFAULT_SECONDS);
        Duration life = Duration.ofSeconds(Math.clamp(seconds, 1, LIFE_MAX_SECONDS));
        return new Tokens.Token(token, now.plus(life.multipliedBy(9).dividedBy(10)));
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
