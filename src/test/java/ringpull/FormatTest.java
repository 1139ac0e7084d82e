package ringpull;

import static org.assertj.core.api.Assertions.assertThat;

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every Java file is formatted by palantir-java-format. A test and not a Maven plugin, because plugins run in Maven's own
 * Java, which may be older than the sources. {@code -Dformat=apply} rewrites the files instead of failing.
 */
class FormatTest {
    private static final Path ROOT = Path.of(System.getProperty("ringpull.root", "."));

    @Test
    void everySourceFileIsFormatted() throws IOException, FormatterException {
        boolean apply = "apply".equals(System.getProperty("format"));
        Formatter formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
        List<Path> unformatted = new ArrayList<>();

        for (Path file : sources()) {
            String source = Files.readString(file);
            String formatted = formatter.formatSourceAndFixImports(source);
            if (!formatted.equals(source)) {
                if (apply) {
                    Files.writeString(file, formatted);
                } else {
                    unformatted.add(file.normalize());
                }
            }
        }

        assertThat(unformatted)
                .as("run: mvn -pl daemon -am test -Dtest=FormatTest -Dformat=apply"
                        + " -Dsurefire.failIfNoSpecifiedTests=false")
                .isEmpty();
    }

    private static List<Path> sources() throws IOException {
        List<Path> files = new ArrayList<>();
        for (String folder : List.of("daemon/src", "src/test", "bench/src")) {
            if (Files.isDirectory(ROOT.resolve(folder))) {
                try (Stream<Path> tree = Files.walk(ROOT.resolve(folder))) {
                    tree.filter(path -> path.toString().endsWith(".java")).forEach(files::add);
                }
            }
        }
        return files;
    }
}
