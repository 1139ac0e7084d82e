package ringpull.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Other programs: whether they are installed, running one to its end, and ending one that was started. */
public final class Programs {
    private static final int TAIL_LINES = 20;
    private static final Duration KILL_WAIT = Duration.ofSeconds(10);

    private Programs() {}

    /** What a program that ended left: its exit code, and all that it printed. */
    public record Outcome(int exit, String output) {}

    /** Where the program is on the PATH or in the system's directories. */
    public static Optional<Path> find(String name) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("") + ":/usr/bin:/usr/sbin:/bin:/sbin";
        return Stream.of(path.split(":"))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Whether this process runs as root. */
    public static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    /**
     * Runs a program to its end, with output and errors together in a file, so that no pipe can fill up.
     *
     * @throws IOException if it cannot be started, or is still running after {@code ceiling}; then it is killed
     */
    public static Outcome run(Path outputFile, Duration ceiling, List<String> command)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(outputFile.toFile())
                .start();
        try {
            if (!process.waitFor(ceiling.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException(
                        command.getFirst() + " did not end within " + ceiling.toSeconds() + " s:\n" + tail(outputFile));
            }
            return new Outcome(process.exitValue(), Files.readString(outputFile));
        } finally {
            process.destroyForcibly();
        }
    }

    /** SIGTERM, and SIGKILL if the process is still there after {@code grace}. Interrupted: SIGKILL at once. */
    static void end(Process process, Duration grace) {
        process.destroy();
        try {
            if (!process.waitFor(grace.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor(KILL_WAIT.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** The last lines of a log, for a message. */
    static String tail(Path log) {
        try {
            List<String> lines = Files.exists(log) ? Files.readAllLines(log) : List.of();
            return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
        } catch (IOException e) {
            return "(" + log + " cannot be read: " + e.getMessage() + ")";
        }
    }
}
