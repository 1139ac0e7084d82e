package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The unit that ships, under a real systemd. */
@NeedsRoot
@NeedsPrograms({"systemctl", "unshare", "nsenter"})
class SystemdTest extends UnitFixture {
    /** Of which a busy machine's daemon uses a half, and not all. */
    private static final int WATCHDOG_SECONDS = 10;

    /** How each life ended: what systemd says of the unit itself is gone as soon as the next one begins. */
    private static final String SETTINGS = "WatchdogSec=" + WATCHDOG_SECONDS
            + "\nExecStopPost=+/bin/sh -c 'echo $$SERVICE_RESULT $$EXIT_STATUS >> /run/ends'\n";

    private static final String CONFIGURATION = """
        [node]
        stop_grace = "1 s"
        [peer]
        control_port = 0
        data_port = 0
        [mirror]
        port = 0
        [metrics]
        port = 0
        """;

    SystemdTest() {
        super("ringpull.service", SETTINGS, CONFIGURATION);
    }

    /** Where the mirror listens, as the daemon told systemd. */
    private String mirror() throws IOException, InterruptedException {
        String said = machine.property("StatusText");
        assertThat(said).startsWith("serving at 127.0.0.1:");
        return said.replace("serving at ", "");
    }

    private int statusOf(String path) throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newHttpClient()) {
            URI url = URI.create("http://" + mirror() + path);
            return http.send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        }
    }

    private void awaitEnd(String how) throws Exception {
        machine.await(
                "an end by " + how,
                () -> machine.inside(List.of("grep", "-qx", how, "/run/ends")).code() == 0);
    }

    private void awaitRestart() throws Exception {
        machine.await(
                "it was started again", () -> !machine.property("NRestarts").equals("0"));
        machine.await("it is ready again", () -> machine.property("ActiveState").equals("active"));
    }

    @Test
    void itIsStartedOnceItServesAndStopsInItsGraceWhileAPullHangs() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            silent.setSoTimeout(60_000);
            machine.configure(CONFIGURATION + """
                [[registry]]
                name = "silent.test"
                endpoints = ["http://127.0.0.1:%d"]
                """.formatted(silent.getLocalPort()));
            start();
            assertThat(machine.property("ActiveState")).isEqualTo("active");
            assertThat(statusOf("/v2/")).isEqualTo(200);

            URI mirror = URI.create("http://" + mirror());
            try (Socket pull = new Socket(mirror.getHost(), mirror.getPort())) {
                String get =
                        "GET /v2/a/b/blobs/sha256:" + "0".repeat(64) + "?ns=silent.test HTTP/1.1\r\nHost: m\r\n\r\n";
                pull.getOutputStream().write(get.getBytes(StandardCharsets.US_ASCII));
                try (Socket _ = silent.accept()) {
                    assertThat(machine.systemctl("stop", "ringpull.service").code())
                            .isZero();

                    assertThat(pull.getInputStream().read()).as("FIN").isEqualTo(-1);
                }
            }

            assertThat(machine.property("ActiveState")).isEqualTo("inactive");
            assertThat(machine.property("Result")).as("not killed").isEqualTo("success");
            assertThat(machine.property("NRestarts")).isEqualTo("0");
        }
    }

    @Test
    void aDaemonThatHangsIsKilledByTheWatchdogAndStartedAgain() throws Exception {
        start();
        String first = machine.property("MainPID");

        machine.kill("STOP");

        awaitEnd("watchdog .*");
        awaitRestart();
        assertThat(machine.property("MainPID")).isNotEqualTo(first);
        assertThat(statusOf("/v2/")).isEqualTo(200);
    }

    @Test
    void aDaemonThatIsKilledIsStartedAgain() throws Exception {
        start();

        machine.kill("KILL");

        awaitRestart();
        assertThat(statusOf("/v2/")).isEqualTo(200);
    }

    @Test
    void aMistakeInTheConfigurationFailsTheStartAndItsCorrectionHealsIt() throws Exception {
        machine.configure("[mirror]\nprot = 1\n");

        assertThat(machine.systemctl("start", "ringpull.service").code()).isNotZero();
        awaitEnd("exit-code 1");

        machine.configure(CONFIGURATION);
        awaitRestart();
        assertThat(statusOf("/v2/")).isEqualTo(200);
    }
}
