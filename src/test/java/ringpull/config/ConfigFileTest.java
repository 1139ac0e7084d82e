package ringpull.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {
    @TempDir
    private Path directory;

    @Test
    void defaultsAreTheDocumentedNames() {
        Config config = ConfigFile.defaults();

        assertThat(config.node().name()).isNotBlank();
        assertThat(config.node().state()).isEqualTo(Path.of("/var/lib/ringpull"));
        assertThat(config.node().controlSocket()).isEqualTo(Path.of("/run/ringpull/control.sock"));
        assertThat(config.node().stopGrace()).isEqualTo(Duration.ofSeconds(10));
        assertThat(config.peer())
                .isEqualTo(new Config.Peer(
                        Optional.empty(), 7746, 7747, Optional.empty(), false, Config.Data.TLS, Config.Io.AUTO));
        assertThat(config.ring().seeds()).isEmpty();
        assertThat(config.store())
                .isEqualTo(
                        new Config.Store(new Config.Room.Share(0.2), new Config.Room.Share(0.2), Duration.ofDays(30)));
        assertThat(config.mirror()).isEqualTo(new Config.Mirror("127.0.0.1", 7745, Duration.ofHours(24)));
        assertThat(config.handoff()).isEqualTo(new Config.Handoff(Duration.ofSeconds(10), Duration.ofSeconds(60)));
        assertThat(config.metrics()).isEqualTo(new Config.Metrics("127.0.0.1", 7748));
        assertThat(config.log().level()).isEqualTo("info");
    }

    @Test
    void everyKeyCanBeSet() throws ConfigException {
        Config config = ConfigFile.parse("f", """
            [node]
            name = "gpu-17"
            state = "/data/ringpull"
            control_socket = "/tmp/c.sock"
            rack = "r1"
            zone = "z/1"
            stop_grace = "500 ms"
            [peer]
            address = "10.0.0.0/8"
            control_port = 1
            data_port = 0
            cert = "/c.pem"
            key = "/k.pem"
            ca = "/ca.pem"
            data = "plain"
            io = "io_uring"
            [ring]
            cluster = "lab"
            seeds = ["gpu-1", "gpu-2:7746", "[fd00::1]:7746"]
            [store]
            quota = "1.5TiB"
            min_free = 1000
            scrub = "0 s"
            [mirror]
            address = "::1"
            port = 0
            tag_stale_max = "7 d"
            [[registry]]
            name = "Registry.example:5000"
            endpoints = ["http://cache.example:5000/v2", "https://registry.example:5000"]
            username = "u"
            password = "p"
            ca = "/r.pem"
            token_realm = "https://auth.example/token"
            [[registry]]
            name = "docker.io"
            docker_config = "/root/.docker/config.json"
            [handoff]
            mode = "streaming"
            header_wait = "2 s"
            body_wait = "5min"
            [limits]
            upload = "100 MiB"
            download = 0
            origin = 2000000
            [helper]
            socket = "/h.sock"
            [nvmeof]
            enabled = true
            fabric = "rdma"
            port = 4421
            memory = "2 GiB"
            [metrics]
            address = "0.0.0.0"
            port = 9
            [log]
            level = "debug"
            """);

        assertThat(config)
                .isEqualTo(new Config(
                        new Config.Node(
                                "gpu-17",
                                Path.of("/data/ringpull"),
                                Path.of("/tmp/c.sock"),
                                "r1",
                                "z/1",
                                Duration.ofMillis(500)),
                        new Config.Peer(
                                Optional.of("10.0.0.0/8"),
                                1,
                                0,
                                Optional.of(new Config.Tls(Path.of("/c.pem"), Path.of("/k.pem"), Path.of("/ca.pem"))),
                                false,
                                Config.Data.PLAIN,
                                Config.Io.IO_URING),
                        new Config.Ring("lab", List.of("gpu-1", "gpu-2:7746", "[fd00::1]:7746")),
                        new Config.Store(new Config.Room.Bytes(3L << 39), new Config.Room.Bytes(1000), Duration.ZERO),
                        new Config.Mirror("::1", 0, Duration.ofDays(7)),
                        List.of(
                                new Config.Registry(
                                        "registry.example:5000",
                                        List.of(
                                                URI.create("http://cache.example:5000/v2"),
                                                URI.create("https://registry.example:5000")),
                                        Optional.of(new Config.Credential("u", "p")),
                                        Optional.empty(),
                                        Optional.of(Path.of("/r.pem")),
                                        Optional.of(URI.create("https://auth.example/token"))),
                                new Config.Registry(
                                        "docker.io",
                                        List.of(URI.create("https://registry-1.docker.io")),
                                        Optional.empty(),
                                        Optional.of(Path.of("/root/.docker/config.json")),
                                        Optional.empty(),
                                        Optional.empty())),
                        new Config.Handoff(Config.HandoffMode.STREAMING, Duration.ofSeconds(2), Duration.ofMinutes(5)),
                        new Config.Limits(100 << 20, 0, 2_000_000),
                        new Config.Helper(Path.of("/h.sock")),
                        new Config.Nvmeof(true, Config.Fabric.RDMA, 4421, 2L << 30),
                        new Config.Metrics("0.0.0.0", 9),
                        new Config.Log("debug")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        [mirror]~prot = 1                        | f:2: unknown key prot in [mirror]; did you mean port?
        [miror]~port = 1                         | f:1: unknown table [miror]; did you mean mirror?
        port = 1                                 | f:1: unknown key port outside any table; known are: node, peer
        [mirror]~xyzzyxyzzyxyzzy = 1             | f:2: unknown key xyzzyxyzzyxyzzy in [mirror]; known are: address, port
        [registry]~name = "a"                    | f:1: registry must be a list of tables: write [[registry]]
        node = 1                                 | f:1: node must be a table: write [node]
        registry = [1]                           | f:1: registry must be tables: write [[registry]]
        [mirror]~~port = "7745"                  | f:3: [mirror] port must be a port from 0 to 65535, without quotes
        [mirror]~port = 65536                    | f:2: [mirror] port must be a port
        [mirror]~address = "localhost"           | f:2: [mirror] address must be an IP address
        [mirror]~address = ["127.0.0.1"]         | f:2: [mirror] address must be an IP address
        [node]~stop_grace = 10                   | f:2: [node] stop_grace must be a duration with its unit
        [node]~stop_grace = "10 m"               | f:2: [node] stop_grace must be a duration with its unit
        [node]~stop_grace = "11 min"             | f:2: [node] stop_grace must be a duration within bounds
        [node]~stop_grace = "999999999999999 d"  | f:2: [node] stop_grace must be a duration within bounds
        [node]~state = "var/lib"                 | f:2: [node] state must be an absolute path
        [node]~name = "a b"                      | f:2: [node] name must be letters, digits
        [peer]~insecure = "yes"                  | f:2: [peer] insecure must be true or false
        [peer]~data = "clear"                    | f:2: [peer] data must be one of "tls", "plain"
        [peer]~data = "plain"                    | f:2: [peer] data needs cert, key, ca
        [peer]~io = "uring"                      | f:2: [peer] io must be one of "auto", "epoll", "io_uring", "nio"
        [peer]~cert = "/c"~key = "/k"            | f:2: [peer] cert needs ca too: all three
        [peer]~ca = "/c"                         | f:2: [peer] ca needs cert too: all three
        [peer]~rdma = ["10.0.0.1"]               | f:2: [peer] rdma needs cert, key, ca and data = "plain"
        [peer]~rdma = "10.0.0.1"                 | f:2: [peer] rdma must be a list
        [peer]~rdma_memory = "1 MiB"             | f:2: [peer] rdma_memory must be a size
        [peer]~rdma_memory = "1 TiB"             | f:2: [peer] rdma_memory must be a size
        [peer]~rdma_patience = "0 s"             | f:2: [peer] rdma_patience must be a duration within bounds
        [peer]~data_port = 7746                  | port 7746 is used twice
        [ring]~seeds = "gpu-1"                   | f:2: [ring] seeds must be a list
        [ring]~seeds = ["fd00::1"]               | f:2: [ring] seeds must be "host"
        [ring]~seeds = ["a:70000"]               | f:2: [ring] seeds must be "host"
        [ring]~seeds = ["a", "a"]                | f:2: [ring] seeds must be a list without repetitions
        [nvmeof]~enabled = true                  | [nvmeof] enabled needs [peer] data = "plain"
        [nvmeof]~port = 0                        | [nvmeof] port must be a port from 1 to 65535
        [nvmeof]~memory = "1 %"                  | f:2: [nvmeof] memory must be a size
        [store]~quota = "101 %"                  | f:2: [store] quota must be at most 100 %
        [store]~quota = "0 %"                    | f:2: [store] quota must be more than nothing
        [store]~quota = "500 gigs"               | f:2: [store] quota must be a share
        [store]~quota = "99999999 TiB"           | f:2: [store] quota must be at most
        [store]~quota = -1                       | f:2: [store] quota must be a share
        [handoff]~header_wait = "31 s"           | f:2: [handoff] header_wait must be a duration within bounds
        [handoff]~header_wait="5 s"~body_wait="5 s" | f:2: [handoff] header_wait must be shorter than body_wait
        [limits]~upload = "1 KiB"                | f:2: [limits] upload must be 0 (no limit), or bytes a second
        [limits]~origin = -1                     | f:2: [limits] origin must be 0 (no limit)
        [limits]~download = "50 %"               | f:2: [limits] download must be 0 (no limit)
        [handoff]~mode = "early"                 | f:2: [handoff] mode must be one of "auto", "streaming", "verified"
        [handoff]~mode = "streaming"             | [handoff] mode "streaming" needs [peer] cert, key, ca
        [[registry]]                             | [[registry]] name is missing
        [[registry]]~name="a"~[[registry]]~name="A" | f:4: [[registry]] name "a" is written twice
        [[registry]]~name="a"~endpoints=["ftp://a"] | f:3: [[registry]] endpoints must be a URL
        [[registry]]~name="a"~endpoints=["https://u:p@a"] | f:3: [[registry]] endpoints must be a URL
        [[registry]]~name="a"~username="u"       | f:3: [[registry]] username needs both
        [[registry]]~name="https://a"            | f:2: [[registry]] name must be a registry's host
        [log]~level = "trace"                    | f:2: [log] level must be "error"
        [log]~level = "info"~level = "warn"      | f:3: level previously defined
        [log]~level = info                       | f:2:
        """)
    void refusesAndSaysWhere(String file, String expected) {
        assertThatThrownBy(() -> ConfigFile.parse("f", file.replace('~', '\n')))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(expected);
    }

    @Test
    void rdmaIsForPlainTextWithCertificates() throws ConfigException {
        Config.Peer peer = ConfigFile.parse("f", """
            [peer]
            cert = "/c.pem"
            key = "/k.pem"
            ca = "/ca.pem"
            data = "plain"
            rdma = ["10.8.0.0/16", "ib1"]
            rdma_port = 9
            rdma_memory = "1 GiB"
            rdma_patience = "500 ms"
            rdma_spin = "0.05 ms"
            """).peer();

        assertThat(peer.rdma())
                .isEqualTo(new Config.Rdma(
                        List.of("10.8.0.0/16", "ib1"), 9, 1L << 30, Duration.ofMillis(500), Duration.ofNanos(50_000)));
        assertThat(ConfigFile.defaults().peer().rdma().wanted()).isFalse();
    }

    @Test
    void namesEveryMistakeAtOnce() {
        assertThatThrownBy(() -> ConfigFile.parse("f", "[mirror]\nprot = 1\n[peer]\nio = 1\n[zzz]\n"))
                .isInstanceOfSatisfying(
                        ConfigException.class, e -> assertThat(e.problems()).hasSize(3));
    }

    @Test
    void neverPrintsAPassword() {
        assertThatThrownBy(() -> ConfigFile.parse("f", """
            [[registry]]
            name = "a"
            password = "hunter2"
            """))
                .isInstanceOf(ConfigException.class)
                .hasMessageNotContaining("hunter2");
    }

    @Test
    void refusesFilesThatAreNoConfiguration() throws IOException {
        Path large = Files.write(directory.resolve("large"), new byte[(1 << 20) + 1]);
        Path binary = Files.write(directory.resolve("binary"), new byte[] {'#', (byte) 0xff});

        assertThatThrownBy(() -> ConfigFile.load(large)).hasMessageContaining("larger than 1 MiB");
        assertThatThrownBy(() -> ConfigFile.load(binary)).hasMessageContaining("not UTF-8");
        assertThatThrownBy(() -> ConfigFile.load(directory)).hasMessageContaining("cannot be read");
        assertThatThrownBy(() -> ConfigFile.load(directory.resolve("none"))).hasMessageContaining("no such file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{", "a.", "[a."})
    void survivesDeepNesting(String unit) {
        String bomb = "a = " + unit.repeat(20_000);
        assertThatThrownBy(() -> ConfigFile.parse("f", bomb)).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> ConfigFile.parse("f", unit.repeat(20_000))).isInstanceOf(ConfigException.class);
    }

    @Test
    void warnsOfWhatIsUnwise() throws ConfigException, IOException {
        Path file = Files.writeString(directory.resolve("ringpull.toml"), """
            [mirror]
            address = "0.0.0.0"
            [peer]
            insecure = true
            [[registry]]
            name = "a"
            endpoints = ["http://a"]
            username = "u"
            password = "p"
            """);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(ConfigFile.warnings(file, ConfigFile.load(file)))
                .hasSize(4)
                .anySatisfy(line -> assertThat(line).contains("not loopback"))
                .anySatisfy(line -> assertThat(line).contains("insecure"))
                .anySatisfy(line -> assertThat(line).contains("http://"))
                .anySatisfy(line -> assertThat(line).contains("every user can read it"));

        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertThat(ConfigFile.warnings(file, ConfigFile.load(file))).hasSize(3);
        assertThat(ConfigFile.warnings(file, ConfigFile.defaults())).isEmpty();
    }
}
