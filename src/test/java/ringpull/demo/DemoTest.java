package ringpull.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class DemoTest {
    @Test
    void theResultIsOneLineOfJson() {
        DemoReport report = new DemoReport(
                List.of(
                        new DemoReport.Node("node-1", Duration.ofMillis(500), 1000, 0, true),
                        new DemoReport.Node("node-2", Duration.ofMillis(200), 0, 1000, true)),
                1000,
                1000,
                "builtin",
                Duration.ofMillis(1250),
                List.of());

        assertThat(report.json())
                .isEqualTo("{\"nodes\":2,\"image_bytes\":1000,\"origin_bytes\":1000,\"peer_bytes\":1000,"
                        + "\"verified\":true,\"client\":\"builtin\",\"seconds\":1.25}");
        assertThat(report.table()).hasSize(3).last().asString().contains("node-2", "0.20", "1000 B", "yes");
    }

    @Test
    void oneUnverifiedNodeIsTold() {
        DemoReport report = new DemoReport(
                List.of(new DemoReport.Node("node-1", Duration.ZERO, 0, 0, false)),
                0,
                0,
                "builtin",
                Duration.ZERO,
                List.of("node-1 has wrong content"));

        assertThat(report.json()).contains("\"verified\":false");
        assertThat(report.table()).last().asString().contains("NO");
    }

    @Test
    void whatWasStartedLastIsStoppedFirstAndOnce() {
        List<String> stopped = new ArrayList<>();
        Cleanup cleanup = new Cleanup();
        cleanup.add(() -> stopped.add("registry"));
        cleanup.add(() -> stopped.add("daemon"));

        cleanup.close();
        cleanup.close();

        assertThat(stopped).containsExactly("daemon", "registry");
    }

    @Test
    void whatStartsTooLateIsStoppedAtOnce() {
        List<String> stopped = new ArrayList<>();
        Cleanup cleanup = new Cleanup();
        cleanup.close();

        assertThatThrownBy(() -> cleanup.add(() -> stopped.add("late"))).isInstanceOf(IllegalStateException.class);
        assertThat(stopped).containsExactly("late");
    }

    @Test
    void aFailureAmongManyIsThrownAfterAllHaveEnded() {
        List<String> ended = new ArrayList<>();
        List<Callable<String>> tasks = List.of(
                () -> {
                    throw new IOException("the first failed");
                },
                () -> {
                    ended.add("the second");
                    return "fine";
                });

        assertThatThrownBy(() -> DemoRing.atOnce(tasks))
                .isInstanceOf(IOException.class)
                .hasMessage("the first failed");
        assertThat(ended).containsExactly("the second");
    }

    @Test
    void wrongOptionsAreWrongUsage() {
        assertThat(run("--size", "0")).isEqualTo(2);
        assertThat(run("--image", "no such:::reference")).isEqualTo(2);
        assertThat(run("--unknown")).isEqualTo(2);
    }

    @Test
    void aFailureIsExitCode1WithTheReason() {
        StringWriter errors = new StringWriter();

        int exit = new CommandLine(new Demo(Path.of("/nonexistent")))
                .setErr(new PrintWriter(errors))
                .execute("--json");

        assertThat(exit).isEqualTo(1);
        assertThat(errors.toString()).startsWith("ringpull demo: cannot make a directory in /nonexistent");
    }

    private static int run(String... arguments) {
        StringWriter output = new StringWriter();
        return new CommandLine(new Demo())
                .setOut(new PrintWriter(output))
                .setErr(new PrintWriter(output))
                .execute(arguments);
    }
}
