package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.cli.ControlClient;
import ringpull.config.Config;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.tls.TestCertificates;

/** How real daemons start, what keeps them from it, and who may join whom. */
class DaemonStartTest {
    private static final Duration CEILING = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    @Test
    void aPortInUseNamesItsOwnerAndTheKeyToChange() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            NodeConfig config = node("a").mirrorPort(taken.getLocalPort());

            assertThatThrownBy(() -> NodeProcess.start(config))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
                    .hasMessageContaining("pid " + ProcessHandle.current().pid())
                    .hasMessageContaining("[mirror] port");
        }
    }

    @Test
    void anUnknownKeyNamesFileLineAndTheNearestKey() {
        NodeConfig config = node("a").more("[handoff]\nheader_wiat = \"9 s\"");

        assertThatThrownBy(() -> NodeProcess.start(config))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("ringpull.toml:")
                .hasMessageContaining("header_wait");
    }

    @Test
    void aSecondDaemonOnTheSameStateIsRefused() throws IOException, InterruptedException {
        try (NodeProcess first = NodeProcess.start(node("a"))) {
            assertThatThrownBy(() -> NodeProcess.start(node("a")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("state");
            assertThat(first.isAlive()).isTrue();
        }
    }

    @Test
    void anOrderedStopIsASuccess() throws IOException, InterruptedException {
        try (NodeProcess daemon = NodeProcess.start(node("a"))) {
            assertThat(daemon.stop()).isZero();
        }
    }

    @Test
    void membersWithCertificatesFormARingAndAStrangerDoesNotGetIn() throws IOException, InterruptedException {
        TestCertificates ours = new TestCertificates(directory, "ours");
        TestCertificates theirs = new TestCertificates(directory, "theirs");
        try (NodeProcess first = NodeProcess.start(secured(node("a"), ours.member("demo", "a", Instant.now())));
                NodeProcess second = NodeProcess.start(secured(node("b"), ours.member("demo", "b", Instant.now()))
                        .joining(first.control()));
                NodeProcess stranger = NodeProcess.start(secured(node("c"), theirs.member("demo", "c", Instant.now()))
                        .joining(first.control()));
                ControlClient asked = ControlClient.open(first.socket());
                ControlClient strange = ControlClient.open(stranger.socket())) {
            assertThat(second.isAlive()).isTrue();
            first.await("two members", CEILING, () -> asked.status().getMembersAlive() == 2);
            // The stranger says why it is alone: by then its try at the ring has been refused.
            stranger.await(
                    "the refusal is told",
                    CEILING,
                    () -> !strange.status().getProblemsList().isEmpty());

            assertThat(strange.status().getMembersAlive()).isEqualTo(1);
            assertThat(asked.status().getMembersAlive()).isEqualTo(2);
        }
    }

    private NodeConfig node(String name) {
        return NodeConfig.first(directory.resolve(name), name, List.of());
    }

    private static NodeConfig secured(NodeConfig config, Config.Tls files) {
        return config.certificates(files.cert(), files.key(), files.ca());
    }
}
