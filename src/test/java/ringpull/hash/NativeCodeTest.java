package ringpull.hash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
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

    /** As where rdma-core's headers are not: a compiler that does not find them. */
    @Test
    void withoutRdmaCoresHeadersAllElseIsBuiltAndThatIsSaid() throws IOException, InterruptedException {
        Path compiler = directory.resolve("cc");
        Files.writeString(compiler, "#!/bin/bash\n[[ $* != *-E* ]] || exit 1\nexec cc \"$@\"\n");
        compiler.toFile().setExecutable(true);
        Path libraries = directory.resolve("libraries");
        ProcessBuilder build = new ProcessBuilder(BUILD.toString(), "all", libraries.toString());
        build.environment().put("CC", compiler.toString());

        assertThat(run(build)).as(output).isZero();

        assertThat(output).contains("no headers of rdma-core (Debian, Ubuntu: libibverbs-dev librdmacm-dev)");
        assertThat(libraries.resolve(Path.of(System.getProperty("os.arch"), "libringpull.so")))
                .exists();
        try (Stream<Path> made = Files.walk(libraries)) {
            assertThat(made.map(file -> file.getFileName().toString())).doesNotContain("libdisni.so");
        }
    }

    /** Handles from many threads, and every call with wrong ones; connections are for where a device is. */
    @Test
    void libdisniHoldsUnderTheSanitizers() throws IOException, InterruptedException {
        int exit = run(new ProcessBuilder(BUILD.toString(), "check-disni", directory.toString()));

        assumeTrue(exit != NO_COMPILER, "no C compiler or no headers of rdma-core here");
        assertThat(exit).as(output).isZero();
        assertThat(output).startsWith("checked libdisni's handles");
    }

    @Test
    void withoutACompilerNothingIsBuiltAndThatIsSaid() throws IOException, InterruptedException {
        Path libraries = directory.resolve("libraries");
        Path bin = Files.createDirectory(directory.resolve("bin"));
        for (String program : PROGRAMS) {
            Files.createSymbolicLink(bin.resolve(program), Path.of("/usr/bin", program));
        }
        ProcessBuilder build = new ProcessBuilder(BUILD.toString(), "all", libraries.toString());
        build.environment().put("PATH", bin.toString());
        build.environment().remove("CC");

        int exit = run(build);
        for (String program : PROGRAMS) {
            Files.delete(bin.resolve(program));
        }

        assertThat(exit).as(output).isZero();
        assertThat(output).contains("no C compiler");
        assertThat(libraries).doesNotExist();
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
