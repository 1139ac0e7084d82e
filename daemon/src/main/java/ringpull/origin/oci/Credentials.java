package ringpull.origin.oci;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.config.Config;
import ringpull.origin.OriginException;

/**
 * A registry's credentials: its own keys, or the {@code auths} of a docker config.json, which is read each time, as it may
 * change. Credential helpers are not run: they are other people's programs with other people's environments.
 */
final class Credentials {
    static final Credentials NONE = new Credentials("", Optional.empty(), Optional.empty());

    private static final Logger log = LoggerFactory.getLogger(Credentials.class);
    private static final int DOCKER_CONFIG_MAX = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String registry;
    private final Optional<Config.Credential> configured;
    private final Optional<Path> dockerConfig;
    private final AtomicBoolean toldOfHelpers = new AtomicBoolean();

    private Credentials(String registry, Optional<Config.Credential> configured, Optional<Path> dockerConfig) {
        this.registry = registry;
        this.configured = configured;
        this.dockerConfig = dockerConfig;
    }

    static Credentials of(Config.Registry registry) {
        return new Credentials(registry.name(), registry.credential(), registry.dockerConfig());
    }

    /** What to log in with at this endpoint. */
    Optional<Login> login(URI endpoint) throws OriginException.Denied {
        if (configured.isPresent()) {
            Config.Credential pair = configured.get();
            return Optional.of(new Login.Password(pair.username(), pair.password()));
        }
        if (dockerConfig.isEmpty()) {
            return Optional.empty();
        }
        JsonNode config = read(dockerConfig.get());
        // As docker writes them: by the endpoint's host, by the registry's name, and docker.io by its oldest URL.
        String alias = registry.equals("docker.io") ? "index.docker.io" : registry;
        for (String host : List.of(String.valueOf(endpoint.getRawAuthority()), registry, alias)) {
            Optional<Login> login = find(config, host, dockerConfig.get());
            if (login.isPresent()) {
                return login;
            }
        }
        tellOfHelpers(config, dockerConfig.get());
        return Optional.empty();
    }

    private static JsonNode read(Path file) throws OriginException.Denied {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(DOCKER_CONFIG_MAX + 1);
            if (bytes.length > DOCKER_CONFIG_MAX) {
                throw new OriginException.Denied("docker_config " + file + " is larger than 1 MiB");
            }
            return JSON.readTree(bytes);
        } catch (JsonProcessingException e) { // its message may quote a password
            throw new OriginException.Denied("docker_config " + file + " is not JSON");
        } catch (IOException e) {
            throw new OriginException.Denied("docker_config " + file + " cannot be read: " + e);
        }
    }

    private static Optional<Login> find(JsonNode config, String host, Path file) throws OriginException.Denied {
        for (Map.Entry<String, JsonNode> entry : config.path("auths").properties()) {
            if (hostOf(entry.getKey()).equals(hostOf(host))) {
                return login(entry.getValue(), host, file);
            }
        }
        return Optional.empty();
    }

    private static Optional<Login> login(JsonNode entry, String host, Path file) throws OriginException.Denied {
        String identity = entry.path("identitytoken").asText();
        if (!identity.isEmpty()) {
            return Optional.of(new Login.IdentityToken(identity));
        }
        String user = entry.path("username").asText();
        if (!user.isEmpty()) {
            return Optional.of(new Login.Password(user, entry.path("password").asText()));
        }
        String pair = decode(entry.path("auth").asText(), host, file);
        int colon = pair.indexOf(':');
        return colon <= 0
                ? Optional.empty()
                : Optional.of(new Login.Password(pair.substring(0, colon), pair.substring(colon + 1)));
    }

    private static String decode(String base64, String host, Path file) throws OriginException.Denied {
        try {
            String pair = new String(Base64.getDecoder().decode(base64.strip()), StandardCharsets.UTF_8);
            return pair.replace("\0", "");
        } catch (IllegalArgumentException e) {
            throw new OriginException.Denied("docker_config " + file + ": auth of " + host + " is not base64");
        }
    }

    private static String hostOf(String key) {
        String withoutScheme = key.replaceFirst("^https?://", "");
        int slash = withoutScheme.indexOf('/');
        String host = slash < 0 ? withoutScheme : withoutScheme.substring(0, slash);
        return host.toLowerCase(Locale.ROOT);
    }

    private void tellOfHelpers(JsonNode config, Path file) {
        boolean helpers = config.has("credsStore") || config.path("credHelpers").has(registry);
        if (helpers && toldOfHelpers.compareAndSet(false, true)) {
            log.warn(
                    "{} leaves {} to a credential helper, and helpers are not run: write username and password into its"
                            + " [[registry]]; until then it is asked without credentials",
                    file,
                    registry);
        }
    }
}
