package ringpull.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import ringpull.fuzz.Fuzz;

/** A file that its owner mistyped. It is root's, and the parser takes cubic time over an open bracket: short ones only. */
class ConfigFuzzTest {
    private static final int LONGEST = 1_000;

    private static final Path ROOT = Path.of(System.getProperty("ringpull.root", "."));

    @Test
    void files() throws IOException {
        new Fuzz("ConfigFile", ConfigException.class)
                .with(Files.readString(ROOT.resolve("systemd/ringpull.toml")).split("\n\n"))
                .with(
                        "[node]\nname = \"a\"\n[ring]\ncluster = \"x\"\nseeds = [\"10.0.0.1\", 'b']\n",
                        "[[registry]]\nname = \"docker.io\"\nendpoint = [\"https://mirror.example\"]\n",
                        "[store]\nquota = \"1 GiB\"\npath = \"/var/lib/ringpull\"\n",
                        "a = [[[[1], [2]]], {b = {c = {d = 1}}}]\na.b.c = 1\n[a.b.c]\n",
                        "a = { b = [1, 2.5, true, 1979-05-27T07:32:00Z], \"c d\" = '''x''' }\n")
                .inputs(2_000)
                .longest(LONGEST)
                .allocating(60_000)
                .texts(text -> ConfigFile.parse("ringpull.toml", text));
    }
}
