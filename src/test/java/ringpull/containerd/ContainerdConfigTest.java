package ringpull.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContainerdConfigTest {
    private static final Path HOSTS = Path.of("/etc/containerd/certs.d");

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "version = 2~[plugins.\"io.containerd.grpc.v1.cri\".registry]~config_path ="
                        + " \"/etc/containerd/certs.d\"",
                "version = 3~[plugins.\"io.containerd.cri.v1.images\".registry]~config_path ="
                        + " '/etc/containerd/certs.d/'",
                "[plugins.cri.registry]~config_path = \"/etc/containerd/certs.d\"",
                "version = 2~[plugins]~[plugins.\"io.containerd.grpc.v1.cri\"]~registry = {config_path ="
                        + " \"/etc/containerd/certs.d\"}",
                "version = 2~imports = [\"conf.d/*.toml\"]"
            })
    void isContentWhereTheDirectoryIsNamed(String text) throws IOException {
        Files.createDirectories(directory.resolve("conf.d"));
        Files.writeString(
                directory.resolve("conf.d/10-mirror.toml"),
                "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"" + HOSTS + "\"\n");
        assertThat(findings(text)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        version = 2                                    | sets no config_path | [plugins."io.containerd.grpc.v1.cri".registry]
        version = 3                                    | sets no config_path | [plugins."io.containerd.cri.v1.images".registry]
        root = "/x"                                    | sets no config_path | [plugins.cri.registry]
        version = 2~[plugins."io.containerd.grpc.v1.cri".registry]~config_path = "" | sets no config_path | already, at line 2
        version = 3~[plugins."io.containerd.grpc.v1.cri".registry]~config_path = "/etc/containerd/certs.d" | in [plugins."io.containerd.grpc.v1.cri".registry], which version 3 of the file does not read | [plugins."io.containerd.cri.v1.images".registry]
        version = 2~[plugins."io.containerd.grpc.v1.cri".registry]~config_path = "/other" | sets config_path = "/other", and hosts.toml is in /etc/containerd/certs.d | config_path = "/etc/containerd/certs.d"
        version = 3~[plugins."io.containerd.cri.v1.images".registry]~config_path = "/etc/containerd/certs.d:/etc/docker/certs.d" | takes such a list for one directory | config_path = "/etc/containerd/certs.d"
        """)
    void saysWhatToWriteWhere(String text, String problem, String remedy) throws IOException {
        assertThat(findings(text)).singleElement().satisfies(finding -> {
            assertThat(finding.problem()).contains(problem);
            assertThat(finding.remedy())
                    .contains(
                            remedy, "\n  config_path = \"/etc/containerd/certs.d\"\n", "systemctl restart containerd");
        });
    }

    @Test
    void writesAWholeFileWhereThereIsNone() throws IOException {
        assertThat(ContainerdConfig.read(directory.resolve("none")).findings(HOSTS))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.problem()).contains("does not exist");
                    assertThat(finding.remedy()).contains("version = 2\n\n[plugins.\"io.containerd.grpc.v1.cri\"");
                });
    }

    @Test
    void findsWhatExcludesConfigPath() throws IOException {
        String table = "version = 2~[plugins.'io.containerd.grpc.v1.cri'.registry]~config_path = '" + HOSTS + "'~";
        assertThat(findings(table
                        + "[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors.'docker.io']~endpoint"
                        + " = ['https://m']"))
                .singleElement()
                .satisfies(finding ->
                        assertThat(finding.problem()).contains("old", "mirrors", "does not start with both"));
        assertThat(findings(table
                        + "[plugins.'io.containerd.grpc.v1.cri'.registry.configs.'r.example'.tls]~ca_file = '/ca'"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.problem()).contains("configs.*.tls"));
        assertThat(findings(table + "[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors]~"
                        + "[plugins.'io.containerd.grpc.v1.cri'.registry.configs.'r.example'.auth]~username = 'u'"))
                .isEmpty();
    }

    @Test
    void findsCriDisabledAndBrokenFiles() throws IOException {
        assertThat(findings("disabled_plugins = [\"cri\"]"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.problem()).contains("disables CRI"));
        assertThat(findings("version = "))
                .singleElement()
                .satisfies(finding -> assertThat(finding.problem()).contains("is no TOML"));
    }

    /** The installed containerd itself reads what we tell people to write. */
    @ParameterizedTest
    @ValueSource(strings = {"", "version = 2~", "root = '/var/lib/containerd'~"})
    void containerdUnderstandsTheStanza(String before) throws IOException, InterruptedException {
        Path containerd = Path.of("/usr/bin/containerd");
        assumeTrue(Files.isExecutable(containerd), "containerd is not installed");
        String remedy = findings(before).getFirst().remedy();
        String stanza = remedy.substring(remedy.indexOf("\n\n") + 2, remedy.indexOf("\n\nthen"));
        Path file = Files.writeString(directory.resolve("after.toml"), before.replace('~', '\n') + stanza);

        Process dump = new ProcessBuilder(containerd.toString(), "--config", file.toString(), "config", "dump")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String text = new String(dump.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(dump.waitFor()).isZero();
        assertThat(text).contains("config_path = \"" + HOSTS + "\"");
        assertThat(ContainerdConfig.read(file).findings(HOSTS)).isEmpty();
    }

    private List<Finding> findings(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("config.toml"), text.replace('~', '\n'));
        return ContainerdConfig.read(file).findings(HOSTS);
    }
}
