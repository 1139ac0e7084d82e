package ringpull.origin.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.origin.OriginException;

/** The HTTP client logs headers at debug: whatever the daemon's log level, credentials are not in the log. */
class CredentialsInLogsTest extends HostileFixture {
    @Test
    void aDebugLogHasNoCredentials() throws Exception {
        HostileServer server = plain((request, out) -> {
            if (request.header("authorization").isEmpty()) {
                HostileServer.send(out, 401, "WWW-Authenticate: Basic realm=\"r\"");
            } else {
                String echo = request.header("authorization").orElseThrow();
                HostileServer.send(out, 403, echo.getBytes(java.nio.charset.StandardCharsets.UTF_8), "X-Echo " + echo);
            }
        });
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=trace",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Asker.class.getName(),
                        server.url().toString())
                .redirectErrorStream(true)
                .start();
        String log = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(log).isZero();
        assertThat(server.requests().getLast().header("authorization")).contains(BASIC);
        assertThat(log).contains("asked").doesNotContain("s3cret", BASIC.substring("Basic ".length()));
    }

    /** Runs with everything logged. */
    static final class Asker {
        private Asker() {}

        public static void main(String[] args) throws Exception {
            Config.Registry registry = new Config.Registry(
                    "registry.test",
                    List.of(URI.create(args[0])),
                    Optional.of(LOGIN),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());
            try (OciOrigin origin = new OciOrigin(List.of(registry))) {
                origin.resolve(new Repository("registry.test", "a"), "v1");
            } catch (OriginException e) {
                e.printStackTrace();
                System.out.println("asked with " + registry);
            }
        }
    }
}
