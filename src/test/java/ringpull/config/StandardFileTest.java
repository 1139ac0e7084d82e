package ringpull.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.tomlj.Toml;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/** {@code systemd/ringpull.toml} says the truth about every key. */
class StandardFileTest {
    private static final Path FILE = Path.of(System.getProperty("ringpull.root", "."), "systemd/ringpull.toml");
    private static final Pattern COMMENTED_KEY = Pattern.compile("#(\\w+ = .*|\\[\\[.*)");

    @Test
    void shippedFileMeansTheDefaults() throws ConfigException {
        assertThat(ConfigFile.load(FILE)).isEqualTo(ConfigFile.defaults());
    }

    @Test
    void writtenDefaultsAreTheDefaults() throws ConfigException, IOException {
        Config written = ConfigFile.parse("uncommented", uncommented());
        Config defaults = ConfigFile.defaults();

        assertThat(written.registries())
                .containsExactly(new Config.Registry(
                        "registry.example",
                        List.of(URI.create("https://registry.example")),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()));
        assertThat(new Config(
                        written.node(),
                        written.peer(),
                        written.ring(),
                        written.store(),
                        written.mirror(),
                        List.of(),
                        written.handoff(),
                        written.limits(),
                        written.helper(),
                        written.nvmeof(),
                        written.metrics(),
                        written.log()))
                .isEqualTo(defaults);
    }

    @Test
    void everyKnownKeyIsWrittenAndNoOther() throws IOException {
        TomlParseResult toml = Toml.parse(uncommented());
        TreeSet<String> written = new TreeSet<>();
        for (String table : toml.keySet()) {
            TomlTable keys = toml.isTable(table)
                    ? toml.getTableOrEmpty(table)
                    : toml.getArrayOrEmpty(table).getTable(0);
            keys.keySet().forEach(key -> written.add(table + "." + key));
        }

        TreeSet<String> known = new TreeSet<>();
        for (String table : toml.keySet()) {
            known.addAll(knownIn(table));
        }
        assertThat(written).isEqualTo(known);
        assertThat(toml.keySet())
                .containsExactlyInAnyOrder(
                        "node",
                        "peer",
                        "ring",
                        "store",
                        "mirror",
                        "registry",
                        "handoff",
                        "limits",
                        "helper",
                        "nvmeof",
                        "metrics",
                        "log");
    }

    /** An unknown key whose name is like no other makes the reader list all that it knows. */
    private static List<String> knownIn(String table) {
        String header = table.equals("registry") ? "[[registry]]\nname = \"a\"" : "[" + table + "]";
        List<String> known = new ArrayList<>();
        try {
            ConfigFile.parse("f", header + "\n" + "x".repeat(65) + " = 1\n");
        } catch (ConfigException e) {
            String problem = e.problems().getFirst();
            String list = problem.substring(problem.indexOf("known are: ") + "known are: ".length());
            for (String key : list.split(", ", -1)) {
                known.add(table + "." + key);
            }
        }
        return known;
    }

    private static String uncommented() throws IOException {
        StringBuilder text = new StringBuilder();
        for (String line : Files.readAllLines(FILE)) {
            text.append(COMMENTED_KEY.matcher(line).matches() ? line.substring(1) : line)
                    .append('\n');
        }
        return text.toString();
    }
}
