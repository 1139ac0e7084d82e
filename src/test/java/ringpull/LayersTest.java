package ringpull;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table in ARCHITECTURE.md of what each package may import holds for the compiled classes. */
class LayersTest {
    private static final Path ROOT = Path.of(System.getProperty("ringpull.root", "."));
    private static final Path CLASSES = ROOT.resolve("daemon/target/classes/ringpull");
    private static final Pattern ROW = Pattern.compile("\\| ((?:`[a-z.]+`(?:, )?)+) \\|[^|]*\\| ([^|]*) \\|");
    private static final Pattern OURS = Pattern.compile("L?ringpull/((?:[a-z]+/)*)[A-Z][A-Za-z0-9$]*;?");

    @Test
    void packagesImportOnlyWhatTheArchitectureAllows() throws IOException {
        Map<String, Set<String>> allowed = allowedImports();
        assertThat(allowed).as("rows of the table").hasSizeGreaterThan(10);
        Set<String> violations = new TreeSet<>();

        try (Stream<Path> files = Files.walk(CLASSES)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                String from = layer(CLASSES.relativize(file).toString().replaceFirst("[^/]*$", ""), allowed);
                if (from.isEmpty()) {
                    continue; // the root wires everything
                }
                assertThat(allowed).as("a row for %s", file).containsKey(from);
                for (String to : importsOf(file, allowed)) {
                    if (!to.equals(from)
                            && !allowed.getOrDefault(from, Set.of()).contains(to)) {
                        violations.add(
                                from + " -> " + (to.isEmpty() ? "root" : to) + " in " + CLASSES.relativize(file));
                    }
                }
            }
        }

        assertThat(violations).isEmpty();
    }

    private static Set<String> importsOf(Path file, Map<String, Set<String>> layers) throws IOException {
        ClassModel model = ClassFile.of().parse(file);
        Set<String> found = new TreeSet<>();
        for (PoolEntry entry : model.constantPool()) {
            String text = switch (entry) {
                case ClassEntry c -> c.asInternalName();
                case Utf8Entry u when u.stringValue().contains("Lringpull/") -> u.stringValue();
                default -> "";
            };
            Matcher names = OURS.matcher(text);
            while (names.find()) {
                String path = names.group(1);
                if (!path.equals("v1/")) { // the wire contracts, made from proto/
                    found.add(layer(path, layers));
                }
            }
        }
        return found;
    }

    /** {@code transport/tcp/} belongs to the row of {@code transport} unless it has one of its own. */
    private static String layer(String path, Map<String, Set<String>> layers) {
        String name = path.replaceFirst("/$", "").replace('/', '.');
        return layers.keySet().stream()
                .filter(row -> name.equals(row) || name.startsWith(row + "."))
                .max(Comparator.comparingInt(String::length))
                .orElse(name);
    }

    private static Map<String, Set<String>> allowedImports() throws IOException {
        Map<String, Set<String>> allowed = new LinkedHashMap<>();
        for (String line : Files.readAllLines(ROOT.resolve("ARCHITECTURE.md"))) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                Set<String> imports = Arrays.stream(row.group(2).split(", "))
                        .map(String::strip)
                        .filter(word -> !word.equals("–"))
                        .collect(Collectors.toSet());
                for (String name : row.group(1).replace("`", "").split(", ", -1)) {
                    allowed.put(name, imports);
                }
            }
        }
        return allowed;
    }
}
