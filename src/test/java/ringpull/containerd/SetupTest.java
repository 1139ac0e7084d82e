package ringpull.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SetupTest {
    private static final URI MIRROR = URI.create("http://127.0.0.1:7745");
    private static final String OURS =
            "# Written by \"ringpull setup containerd\", which replaces it; delete this file to undo that.\n";
    private static final String STANZA =
            "\n[host.\"http://127.0.0.1:7745\"]\n  capabilities = [\"pull\", \"resolve\"]\n";

    @TempDir
    private Path directory;

    private Path hosts;
    private Path config;

    @BeforeEach
    void containerdThatLooksThere() throws IOException {
        hosts = directory.resolve("certs.d");
        config = Files.writeString(directory.resolve("config.toml"), """
            version = 2
            [plugins."io.containerd.grpc.v1.cri".registry]
            config_path = "%s/"
            """.formatted(hosts));
    }

    @Test
    void writesForAllRegistries() throws SetupFailed, IOException {
        SetupOutcome outcome = setup(Optional.empty(), false).apply();

        Path file = hosts.resolve("_default/hosts.toml");
        assertThat(outcome).isEqualTo(new SetupOutcome(List.of(file), List.of(), List.of()));
        assertThat(file).hasContent(OURS + STANZA);
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-r--r--"));
        try (Stream<Path> entries = Files.list(hosts.resolve("_default"))) {
            assertThat(entries).as("no temporary file stays").containsExactly(file);
        }
    }

    @Test
    void writesForOneRegistryWithItsServer() throws SetupFailed {
        setup(Optional.of("docker.io"), false).apply();
        setup(Optional.of("registry.example:5000"), false).apply();
        setup(Optional.of("localhost:5000"), false).apply();

        assertThat(hosts.resolve("docker.io/hosts.toml"))
                .hasContent(OURS + "server = \"https://registry-1.docker.io\"\n" + STANZA);
        assertThat(hosts.resolve("registry.example:5000/hosts.toml"))
                .hasContent(OURS + "server = \"https://registry.example:5000\"\n" + STANZA);
        assertThat(hosts.resolve("localhost:5000/hosts.toml"))
                .as("containerd chooses plain HTTP there by itself")
                .hasContent(OURS + STANZA);
    }

    @Test
    void writesWhereContainerdLooksFirst() throws SetupFailed, IOException {
        Files.createDirectories(hosts.resolve("registry.example_5000_"));

        assertThat(setup(Optional.of("registry.example:5000"), false).apply().written())
                .containsExactly(hosts.resolve("registry.example_5000_/hosts.toml"));
    }

    @Test
    void goesOnTrustingTheCertificatesThatWereThere() throws SetupFailed, IOException {
        Path registry = Files.createDirectories(hosts.resolve("registry.example"));
        for (String name : List.of("ca.crt", "client.cert", "client.key")) {
            Files.createFile(registry.resolve(name));
        }

        setup(Optional.of("registry.example"), false).apply();

        assertThat(registry.resolve("hosts.toml")).content().contains("""
            server = "https://registry.example"
            ca = ["ca.crt"]
            client = [["client.cert", "client.key"]]
            """);
    }

    @Test
    void doneAgainChangesNothingAndFollowsTheMirror() throws SetupFailed, IOException {
        SetupOutcome first = setup(Optional.empty(), false).apply();
        Path file = first.written().getFirst();
        Object inode = Files.getAttribute(file, "unix:ino");

        assertThat(setup(Optional.empty(), false).apply()).isEqualTo(first);
        assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(inode);

        URI moved = URI.create("http://127.0.0.1:9000/");
        assertThat(new Setup(hosts, config, Optional.empty(), moved, false).apply())
                .isEqualTo(first);
        assertThat(file).content().contains("[host.\"http://127.0.0.1:9000\"]").doesNotContain("7745");
    }

    @Test
    void neverLosesAForeignFile() throws SetupFailed, IOException {
        Path file = Files.createDirectories(hosts.resolve("_default")).resolve("hosts.toml");
        String foreign = "[host.\"https://cache.example\"]\n";
        Files.writeString(file, foreign);

        SetupOutcome refused = setup(Optional.empty(), false).apply();
        assertThat(refused.written()).isEmpty();
        assertThat(file).hasContent(foreign);
        assertThat(refused.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.problem()).contains(file.toString(), "somebody else");
            assertThat(finding.remedy()).contains(STANZA.strip(), "--force");
        });

        SetupOutcome forced = setup(Optional.empty(), true).apply();
        assertThat(forced.findings()).isEmpty();
        assertThat(forced.backups())
                .singleElement()
                .satisfies(copy -> assertThat(copy).hasContent(foreign));
        assertThat(file).hasContent(OURS + STANZA);

        Files.writeString(file, "# another one\n");
        assertThat(setup(Optional.empty(), true).apply().backups()).doesNotContainAnyElementsOf(forced.backups());
        assertThat(forced.backups().getFirst()).hasContent(foreign);
    }

    @Test
    void leavesAForeignFileThatNamesTheMirror() throws SetupFailed, IOException {
        Path file = Files.createDirectories(hosts.resolve("_default")).resolve("hosts.toml");
        String foreign = "server = \"https://x.example\"\n" + STANZA + "[host.\"https://cache.example\"]\n";
        Files.writeString(file, foreign);

        assertThat(setup(Optional.empty(), true).apply())
                .isEqualTo(new SetupOutcome(List.of(file), List.of(), List.of()));
        assertThat(file).hasContent(foreign);

        Files.writeString(file, foreign.replace(", \"resolve\"", ""));
        assertThat(setup(Optional.empty(), false).apply().findings())
                .as("without resolve, tags go upstream")
                .hasSize(1);
    }

    @Test
    void findsDirectoriesThatHideTheDefault() throws SetupFailed, IOException {
        Files.createDirectories(hosts.resolve("bare.example_5000_"));
        Files.createDirectories(hosts.resolve("other.example"));
        Files.writeString(hosts.resolve("other.example/hosts.toml"), "server = \"https://other.example\"\n");
        Files.writeString(hosts.resolve("README"), "");
        setup(Optional.of("ours.example"), false).apply();

        List<Finding> findings = setup(Optional.empty(), false).apply().findings();

        assertThat(findings).hasSize(2);
        assertThat(findings.get(0).problem()).contains("bare.example_5000_ has no hosts.toml");
        assertThat(findings.get(0).remedy()).isEqualTo("ringpull setup containerd bare.example:5000");
        assertThat(findings.get(1).problem()).contains("other.example/hosts.toml does not name the mirror");

        setup(Optional.of("bare.example:5000"), false).apply();
        assertThat(setup(Optional.empty(), false).apply().findings()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "https://a", "a/b", "", ".", "a b", "a:b:c", "a:", "_default"})
    void refusesWhatIsNoRegistry(String registry) {
        assertThatThrownBy(() -> setup(Optional.of(registry), true).apply())
                .isInstanceOf(SetupFailed.class)
                .hasMessageContaining("is no registry");
        assertThat(hosts).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://127.0.0.1:7745", "http://127.0.0.1", "http://127.0.0.1:7745/v2", "a:1", "x"})
    void refusesWhatIsNoMirror(String mirror) {
        assertThatThrownBy(() -> new Setup(hosts, config, Optional.empty(), URI.create(mirror), false).apply())
                .isInstanceOf(SetupFailed.class)
                .hasMessageContaining("is no mirror");
    }

    private Setup setup(Optional<String> registry, boolean force) {
        return new Setup(hosts, config, registry, MIRROR, force);
    }
}
