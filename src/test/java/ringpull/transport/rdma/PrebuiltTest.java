package ringpull.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.ibm.disni.util.NativeAffinity;
import com.ibm.disni.verbs.impl.NativeDispatcher;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.demo.Programs;

/** libdisni as it is built for each processor: what Java declares is in it, and it loads. */
class PrebuiltTest {
    private static final Path BUILD =
            Path.of(System.getProperty("ringpull.root", "."), "native", "build").toAbsolutePath();
    private static final Duration CEILING = Duration.ofMinutes(5);
    private static final int NOT_HERE = 77;

    @TempDir
    private static Path directory;

    @BeforeAll
    static void build() throws IOException, InterruptedException {
        Programs.Outcome built = run(BUILD.toString(), "all", directory.toString());
        assertThat(built.exit()).as(built.output()).isZero();
    }

    private static Programs.Outcome run(String... command) throws IOException, InterruptedException {
        return Programs.run(directory.resolve("log"), CEILING, List.of(command));
    }

    /** The native methods of these classes, as JNI names them. Reading them does not initialize them, which would load a library. */
    private static List<String> declared() {
        return Stream.of(NativeDispatcher.class, NativeAffinity.class, Native.class)
                .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
                .filter(method -> Modifier.isNative(method.getModifiers()))
                .map(method -> "Java_" + method.getDeclaringClass().getName().replace('.', '_') + "_"
                        + method.getName().replace("_", "_1"))
                .sorted()
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"amd64", "aarch64", "riscv64"})
    void hasWhatJavaDeclaresAndLoads(String processor) throws Exception {
        List<String> command = new ArrayList<>(List.of(BUILD.toString(), "load", processor, directory.toString()));
        List<String> declared = declared();
        command.addAll(declared);

        Programs.Outcome loaded = run(command.toArray(String[]::new));

        assumeTrue(loaded.exit() != NOT_HERE, loaded.output().strip());
        assertThat(loaded.exit()).as(loaded.output()).isZero();
        assertThat(loaded.output())
                .isEqualTo("loaded " + declared.size() + " symbols, version " + Native.VERSION + "\n");
        Path library = directory.resolve(Path.of(processor, "libdisni.so"));
        assertThat(run("nm", "-D", "--defined-only", library.toString())
                        .output()
                        .lines()
                        .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                        .sorted())
                .isEqualTo(declared);
    }
}
