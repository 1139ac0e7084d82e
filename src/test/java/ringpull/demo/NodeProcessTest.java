package ringpull.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tomlj.Toml;
import org.tomlj.TomlParseResult;

class NodeProcessTest {
    @TempDir
    Path temp;

    @Test
    void theReadyLineTellsTheAddresses() {
        String log = "INFO starting\nready: mirror=127.0.0.1:4711 control=[::1]:4712 socket=/tmp/r.sock\nINFO more";

        assertThat(NodeProcess.parseReady(log))
                .contains(Map.of("mirror", "127.0.0.1:4711", "control", "[::1]:4712", "socket", "/tmp/r.sock"));
    }

    @Test
    void aReadyLineThatIsStillBeingWrittenDoesNotCount() {
        assertThat(NodeProcess.parseReady("ready: mirror=127.0.0.1:47")).isEmpty();
        assertThat(NodeProcess.parseReady("INFO starting\n")).isEmpty();
    }

    @Test
    void aMetricIsTheSumOfTheSeriesWithTheLabels() {
        String page = """
            # TYPE ringpull_received_bytes_total counter
            ringpull_received_bytes_total{source="origin"} 1.5E3
            ringpull_received_bytes_total{source="peer"} 20.0
            ringpull_received_bytes_totally{source="peer"} 7.0
            ringpull_members 3.0
            """;

        assertThat(NodeProcess.sum(page, "ringpull_received_bytes_total", Map.of("source", "origin")))
                .isEqualTo(1500);
        assertThat(NodeProcess.sum(page, "ringpull_received_bytes_total", Map.of()))
                .isEqualTo(1520);
        assertThat(NodeProcess.sum(page, "ringpull_members", Map.of())).isEqualTo(3);
        assertThat(NodeProcess.sum(page, "ringpull_none", Map.of())).isZero();
    }

    @Test
    void theConfigurationIsToml() {
        NodeConfig.Registry registry = new NodeConfig.Registry(
                "registry.test",
                List.of(URI.create("http://127.0.0.1:5000")),
                Optional.of("user"),
                Optional.of("pass\"word"),
                Optional.empty());
        TomlParseResult toml = Toml.parse(NodeConfig.first(temp, "node-1", List.of(registry))
                .joining("127.0.0.1:1", "127.0.0.1:2")
                .quota("1GiB")
                .peer("address = \"10.0.0.1\"", "insecure = true")
                .toml());

        assertThat(toml.errors()).isEmpty();
        assertThat(toml.getString("node.name")).isEqualTo("node-1");
        assertThat(toml.getArrayOrEmpty("ring.seeds").toList()).containsExactly("127.0.0.1:1", "127.0.0.1:2");
        assertThat(toml.getString("peer.address")).isEqualTo("10.0.0.1");
        assertThat(toml.getBoolean("peer.insecure")).isTrue();
        assertThat(toml.getString("store.quota")).isEqualTo("1GiB");
        assertThat(toml.getArrayOrEmpty("registry").getTable(0).getString("password"))
                .isEqualTo("pass\"word");
    }

    @Test
    void aDaemonThatEndsIsToldWithItsLog() {
        NodeConfig config = NodeConfig.first(temp, "node-1", List.of()).more("[nonsense]\nkey = 1\n");

        assertThatThrownBy(() -> NodeProcess.start(config))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the daemon ended with exit code");
    }
}
