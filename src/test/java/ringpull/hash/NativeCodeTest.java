package ringpull.hash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Our C under the address and undefined-behaviour sanitizers, and what happens where no compiler is. */
class NativeCodeTest {
    private static final Path BUILD =
            Path.of(System.getProperty("ringpull.root", "."), "native", "build").toAbsolutePath();
    private static final int NO_COMPILER = 77;

    /** What the script needs besides a compiler. */
    private static final List<String> PROGRAMS = List.of("bash", "env", "dirname", "rm");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private String output = "";

    @Test
    void holdsUnderTheSanitizers() throws IOException, InterruptedException {
        int exit = run(new ProcessBuilder(BUILD.toString(), "check", directory.toString()));

        assumeTrue(exit != NO_COMPILER, "no C compiler here");
        assertThat(exit).as(output).isZero();
        assertThat(output).startsWith("checked portable and ");
    }

    /** Under qemu: the processors that this machine is not. */
    @ParameterizedTest
    @CsvSource({"aarch64, armv8", "riscv64, portable"})
    void holdsOnOtherProcessors(String machine, String instructions) throws IOException, InterruptedException {
        int exit = run(new ProcessBuilder(BUILD.toString(), "cross", machine, directory.toString()));

        assumeTrue(exit != NO_COMPILER, "no cross compiler or no qemu here");
        assertThat(exit).as(output).isZero();
        assertThat(output).isEqualTo("checked portable and " + instructions + "\n");
    }

    /** Handles from many threads, and every call with wrong ones; connections are for where a device is. */
    @Test
    void libdisniHoldsUnderTheSanitizers() throws IOException, InterruptedException {
        int exit = run(new ProcessBuilder(BUILD.toString(), "check-disni", directory.toString()));

        assumeTrue(exit != NO_COMPILER, "no C compiler or no headers of rdma-core here");
        assertThat(exit).as(output).isZero();
        assertThat(output).startsWith("checked libdisni's handles");
    }

    @ParameterizedTest
    @CsvSource({"libringpull.so,", "libdisni.so,disni"})
    void withoutACompilerNothingIsBuiltAndThatIsSaid(String name, @Nullable String what)
            throws IOException, InterruptedException {
        Path library = directory.resolve(name);
        Path bin = Files.createDirectory(directory.resolve("bin"));
        for (String program : PROGRAMS) {
            Files.createSymbolicLink(bin.resolve(program), Path.of("/usr/bin", program));
        }
        ProcessBuilder build = what == null
                ? new ProcessBuilder(BUILD.toString(), library.toString())
                : new ProcessBuilder(BUILD.toString(), what, library.toString());
        build.environment().put("PATH", bin.toString());
        build.environment().remove("CC");

        int exit = run(build);
        for (String program : PROGRAMS) {
            Files.delete(bin.resolve(program));
        }

        assertThat(exit).as(output).isZero();
        assertThat(output).contains("no C compiler");
        assertThat(library).doesNotExist();
    }

    private int run(ProcessBuilder builder) throws IOException, InterruptedException {
        Path log = directory.resolve("log");
        int exit = builder.redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start()
                .waitFor();
        output = Files.readString(log);
        return exit;
    }
}
