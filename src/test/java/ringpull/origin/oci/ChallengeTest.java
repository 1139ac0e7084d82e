package ringpull.origin.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChallengeTest {
    @Test
    void readsABearerChallenge() {
        assertThat(Challenge.parse(
                        "Bearer realm=\"https://auth.test/token\",service=\"reg.test\",scope=\"a:b:pull,push\""))
                .containsExactly(new Challenge(
                        "bearer",
                        Map.of("realm", "https://auth.test/token", "service", "reg.test", "scope", "a:b:pull,push")));
    }

    @Test
    void readsSeveralChallengesInOneHeader() {
        assertThat(Challenge.parse("Negotiate, BASIC realm = \"a \\\"b\\\"\" , charset=UTF-8, Bearer Realm=\"r\""))
                .containsExactly(
                        new Challenge("negotiate", Map.of()),
                        new Challenge("basic", Map.of("realm", "a \"b\"", "charset", "UTF-8")),
                        new Challenge("bearer", Map.of("realm", "r")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",,, ,", "=", "Bearer =", "Bearer realm=\"", "Bearer realm=\"\\", "\"", "Basic a=b=c"})
    void survivesNonsense(String header) {
        assertThat(Challenge.parse(header).size()).isLessThan(8);
    }

    @Test
    void readsNoMoreChallengesThanAnybodySends() {
        assertThat(Challenge.parse("a, ".repeat(5000))).hasSize(8);
    }

    @ParameterizedTest
    @CsvSource({
        "3, 3",
        "0, 0",
        "-1, 0",
        "soon, 0",
        "999999999, 86400",
        "99999999999999999999, 0",
        "'Thu, 01 Jan 2026 00:00:30 GMT', 30",
        "'Wed, 31 Dec 2025 00:00:00 GMT', 0"
    })
    void readsRetryAfter(String text, long seconds) {
        Instant now = Instant.parse("2026-01-01T00:00:00Z");
        assertThat(RetryAfter.parse(text, now)).isEqualTo(Duration.ofSeconds(seconds));
    }
}
