package ringpull.origin.oci;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.fuzz.Fuzz;
import ringpull.origin.OriginException;

/** What registries, token servers and other programs' files may say. */
class OriginFuzzTest {
    private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000);

    @TempDir
    Path directory;

    @Test
    void challenges() {
        new Fuzz("Challenge")
                .with(
                        "Bearer realm=\"https://auth.example/token\",service=\"r.example\",scope=\"repository:a:pull\"",
                        "Basic realm=\"x\\\"y\", Bearer realm=https://a.example , error=\"invalid_token\"",
                        "Negotiate")
                .texts(Challenge::parse);
    }

    @Test
    void retryAfter() {
        new Fuzz("RetryAfter")
                .with("120", "Wed, 21 Oct 2026 07:28:00 GMT", "Sun, 06 Nov 1994 08:49:37 +0100")
                .texts(text -> Assertions.assertThat(RetryAfter.parse(text, NOW))
                        .isBetween(Duration.ZERO, Duration.ofDays(1)));
    }

    @Test
    void tokens() {
        new Fuzz("TokenRealm", IllegalArgumentException.class)
                .with(
                        "{\"token\":\"abc.def\",\"expires_in\":300,\"issued_at\":\"2026-01-01T00:00:00Z\"}",
                        "{\"access_token\":\"abc\",\"expires_in\":\"60\"}",
                        "[]")
                .bytes(input -> {
                    Tokens.Token token = TokenRealm.parse(input, NOW);
                    Assertions.assertThat(token.goodUntil()).isBetween(NOW, NOW.plusSeconds(3_600));
                });
    }

    @Test
    void dockerConfig() throws IOException {
        Path file = Files.createFile(directory.resolve("config.json"));
        Credentials credentials = Credentials.of(new Config.Registry(
                "r.example", List.of(), Optional.empty(), Optional.of(file), Optional.empty(), Optional.empty()));
        new Fuzz("Credentials", OriginException.Denied.class)
                .with(
                        "{\"auths\":{\"https://r.example/v1/\":{\"auth\":\"dXNlcjpwYXNz\"}},\"credsStore\":\"x\"}",
                        "{\"auths\":{\"r.example\":{\"username\":\"u\",\"password\":\"p\"},\"b\":{}}}",
                        "{\"auths\":{\"r.example\":{\"identitytoken\":\"t\"}},\"credHelpers\":{\"r.example\":\"y\"}}")
                .bytes(input -> {
                    Files.write(file, input);
                    credentials.login(URI.create("https://r.example"));
                });
    }
}
