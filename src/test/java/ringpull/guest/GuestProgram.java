package ringpull.guest;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import ringpull.demo.Programs;

/** Runs a program of {@link Scenarios} in a guest. */
public final class GuestProgram {
    private static final String LAUNCHER = "RINGPULL_TEST_VM";

    private GuestProgram() {}

    /**
     * Runs the {@code main} of a class there, as root, with this JVM's class path; it runs {@link Scenarios}. Skips the test,
     * and says why in one line, where there is no launcher.
     *
     * @return a test for each scenario
     */
    public static Stream<DynamicTest> run(Class<?> program, Duration ceiling) throws IOException, InterruptedException {
        return run(program, "uml", ceiling);
    }

    /** The same on Debian's kernel, with all that systemd wants, interpreted: some ten times slower. */
    public static Stream<DynamicTest> runOnStockKernel(Class<?> program, Duration ceiling)
            throws IOException, InterruptedException {
        assume(
                program,
                Programs.find("qemu-system-x86_64").isEmpty()
                        ? "no qemu-system-x86_64 (Debian: qemu-system-x86)"
                        : Programs.isRoot() ? "" : "only root can start the emulator's file server");
        return run(program, "tcg", ceiling);
    }

    private static void assume(Class<?> program, String missing) {
        if (!missing.isEmpty()) {
            String reason = program.getSimpleName() + " does not run: " + missing;
            System.out.println(reason);
            assumeTrue(false, reason);
        }
    }

    private static Stream<DynamicTest> run(Class<?> program, String kernel, Duration ceiling)
            throws IOException, InterruptedException {
        String launcher = Optional.ofNullable(System.getenv(LAUNCHER)).orElse("");
        assume(
                program,
                launcher.isEmpty() || !Files.isExecutable(Path.of(launcher))
                        ? LAUNCHER + " names no launcher of guests"
                        : "");
        List<String> command = new ArrayList<>(List.of(launcher, "-a", kernel, "-m", "3072"));
        command.addAll(List.of("-t", Long.toString(ceiling.toSeconds())));
        command.addAll(List.of("-e", "RINGPULL_TEST_SCALE", "-e", "RINGPULL_GUEST_ONLY", "--"));
        // A guest is slow at starting Java, and at compiling: so for each that is started in it.
        command.addAll(List.of("env", "JAVA_TOOL_OPTIONS=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx768m");
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Djava.io.tmpdir=/run"));
        command.add("-Dringpull.root="
                + Path.of(System.getProperty("ringpull.root", ".")).toAbsolutePath());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
        Path output = Files.createTempFile("guest", ".log");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            try {
                process.waitFor();
            } finally {
                process.destroyForcibly();
            }
            return tests(new String(Files.readAllBytes(output), StandardCharsets.UTF_8), process.exitValue());
        } finally {
            Files.delete(output);
        }
    }

    private static Stream<DynamicTest> tests(String output, int status) {
        List<Scenarios.Outcome> outcomes = Scenarios.parse(output);
        if (status != 0 || outcomes.isEmpty()) {
            outcomes.add(new Scenarios.Outcome("the guest ran to its end", "exit status " + status + ":\n" + output));
        }
        return outcomes.stream()
                .map(outcome -> DynamicTest.dynamicTest(outcome.name(), () -> {
                    if (!outcome.failure().isEmpty()) {
                        throw new AssertionError(outcome.failure());
                    }
                }));
    }
}
