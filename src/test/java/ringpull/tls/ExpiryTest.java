package ringpull.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.pki.Authority;

/** What is said when, as a certificate nears its end. */
class ExpiryTest {
    private final Instant made = Instant.now();

    @TempDir
    Path folder;

    private PeerTls issued(Duration life) throws IOException {
        TestCertificates ring = new TestCertificates(folder, "ring");
        Authority authority = Authority.create(TestCertificates.CLUSTER, made, Duration.ofDays(3650));
        authority.write(folder.resolve("ring"), true);
        Authority.Request request = new Authority.Request(TestCertificates.CLUSTER, "one", List.of());
        return PeerTls.of(ring.write(authority.issue(request, made, life), "one"));
    }

    @Test
    void fourteenDaysAhead() throws IOException {
        PeerTls tls = issued(Duration.ofDays(365));
        Instant end = tls.validUntil();

        assertThat(tls.problems(end.minus(Duration.ofDays(15)))).isEmpty();
        assertThat(tls.problems(end.minus(Duration.ofDays(13))))
                .singleElement()
                .asString()
                .contains("one.pem expires " + end + ", in 13 days", "without a restart");
        assertThat(tls.problems(end.minus(Duration.ofHours(5))))
                .singleElement()
                .asString()
                .contains("in 5 hours");
        assertThat(tls.problems(end.plusSeconds(1)))
                .singleElement()
                .asString()
                .contains("expired " + end, "refuse every new connection");
    }

    @Test
    void certificatesThatLiveForHoursAreToldOfInTheLastQuarter() throws IOException {
        PeerTls tls = issued(Duration.ofHours(1));
        Instant end = tls.validUntil();

        assertThat(tls.problems(end.minus(Duration.ofMinutes(30)))).isEmpty();
        assertThat(tls.problems(end.minus(Duration.ofMinutes(10))))
                .singleElement()
                .asString()
                .contains("in 10 minutes");
    }

    @Test
    void aClockThatIsWrongIsSuspected() throws IOException {
        PeerTls tls = issued(Duration.ofDays(365));

        assertThat(tls.problems(made.minus(Duration.ofDays(400))))
                .singleElement()
                .asString()
                .contains("clock");
    }
}
