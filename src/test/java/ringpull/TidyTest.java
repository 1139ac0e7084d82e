package ringpull;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.LineNumber;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** House rules that no other tool checks. */
class TidyTest {
    private static final Path ROOT = Path.of(System.getProperty("ringpull.root", "."));
    private static final Path SOURCES = ROOT.resolve("daemon/src/main/java");
    private static final Path CLASSES = ROOT.resolve("daemon/target/classes/ringpull");
    private static final int FILE_LINES_MAX = 400;
    private static final int METHOD_LINES_MAX = 60;

    /** What is not written, and what is written in its place. */
    private static final Map<String, String> BANNED = Map.of(
            "Thread.sleep(", "wait for a condition with a limit",
            "new Thread(", "an executor, or Thread.ofPlatform().name(…)",
            ".printStackTrace(", "a log line",
            "throws Exception", "the exceptions that can happen",
            "TODO", "do it, or say in the docs that it is not done",
            "FIXME", "mend it");

    @Test
    void nothingBannedIsWritten() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : files(SOURCES, ".java")) {
            String source = Files.readString(file);
            BANNED.forEach((text, instead) -> {
                if (source.contains(text)) {
                    found.add(SOURCES.relativize(file) + ": " + text + " (instead: " + instead + ")");
                }
            });
        }
        assertThat(found).isEmpty();
    }

    @Test
    void filesFitInTheHead() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : files(SOURCES, ".java")) {
            int lines = Files.readAllLines(file).size();
            if (lines > FILE_LINES_MAX) {
                found.add(SOURCES.relativize(file) + " has " + lines + " lines");
            }
        }
        assertThat(found).isEmpty();
    }

    @Test
    void methodsFitOnAScreen() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : files(CLASSES, ".class")) {
            for (MethodModel method : ClassFile.of().parse(file).methods()) {
                int lines =
                        method.code().map(code -> lines((CodeAttribute) code)).orElse(0);
                if (lines > METHOD_LINES_MAX
                        && !method.methodName().stringValue().startsWith("<")) {
                    found.add(CLASSES.relativize(file) + " " + method.methodName() + " has " + lines + " lines");
                }
            }
        }
        assertThat(found).isEmpty();
    }

    @Test
    void everyPackageSaysWhatItIs() throws IOException {
        List<Path> silent = new ArrayList<>();
        for (Path file : files(SOURCES, ".java")) {
            Path info = file.resolveSibling("package-info.java");
            if (!Files.exists(info) || !Files.readString(info).contains("@NullMarked")) {
                silent.add(SOURCES.relativize(file));
            }
        }
        assertThat(silent).isEmpty();
    }

    private static int lines(CodeAttribute code) {
        IntSummaryStatistics numbers = code.elementStream()
                .filter(LineNumber.class::isInstance)
                .mapToInt(element -> ((LineNumber) element).line())
                .summaryStatistics();
        return numbers.getCount() == 0 ? 0 : numbers.getMax() - numbers.getMin() + 1;
    }

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> tree = Files.walk(folder)) {
            return tree.filter(path -> path.toString().endsWith(ending)).toList();
        }
    }
}
