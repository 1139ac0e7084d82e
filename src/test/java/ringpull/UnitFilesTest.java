package ringpull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.config.ConfigFile;

class UnitFilesTest {
    private static final Path UNIT = Path.of(System.getProperty("ringpull.root", "."), "systemd/ringpull.service");

    @Test
    void unitAgreesWithTheConfiguration() throws IOException {
        Properties unit = new Properties();
        try (var reader = Files.newBufferedReader(UNIT)) {
            unit.load(reader);
        }

        assertThat(Integer.parseInt(unit.getProperty("TimeoutStopSec")))
                .isGreaterThan((int) ConfigFile.defaults().node().stopGrace().toSeconds());
        assertThat(unit.getProperty("ExecStart")).endsWith(" daemon --config " + ConfigFile.STANDARD);
        assertThat(unit.getProperty("MemoryDenyWriteExecute"))
                .as("would keep the JIT from working")
                .isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ringpull.service", "ringpull-helper.service"})
    void systemdAcceptsTheUnit(String name, @TempDir Path directory) throws IOException, InterruptedException {
        Path analyze = Path.of("/usr/bin/systemd-analyze");
        assumeTrue(Files.isExecutable(analyze), "systemd-analyze is not installed");
        Path copy = directory.resolve(name);
        Files.writeString(
                copy, Files.readString(UNIT.resolveSibling(name)).replace("/usr/lib/ringpull/ringpull", "/bin/true"));

        Process process = new ProcessBuilder(analyze.toString(), "verify", "--man=no", copy.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        process.waitFor();
        assertThat(output.lines().filter(line -> line.contains("ringpull"))).isEmpty();
    }

    @Test
    void theSandboxIsAsTightAsAJvmAllows() throws IOException, InterruptedException {
        Path analyze = Path.of("/usr/bin/systemd-analyze");
        assumeTrue(Files.isExecutable(analyze), "systemd-analyze is not installed");

        Process process = new ProcessBuilder(
                        analyze.toString(), "security", "--offline=yes", "--threshold=20", UNIT.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(output).isZero();
    }
}
