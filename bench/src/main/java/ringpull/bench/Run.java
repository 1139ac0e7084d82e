package ringpull.bench;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** One run of a scenario: its directory, what the command line asks, and the time it has left. */
final class Run {
    private final Path directory;
    private final List<String> options;
    private final long startNanos = System.nanoTime();

    /** @param directory new and short, since sockets' paths begin with it; ends with the run */
    Run(Path directory, String... options) {
        this.directory = directory;
        this.options = Arrays.asList(options);
    }

    Path directory() {
        return directory;
    }

    Path file(String name) {
        return directory.resolve(name);
    }

    boolean has(String option) {
        return options.contains(option);
    }

    /** The number behind an option, or another where it is not given. */
    long number(String option, long otherwise) throws IOException {
        int at = options.indexOf(option);
        if (at < 0) {
            return otherwise;
        }
        try {
            return Long.parseLong(options.get(at + 1));
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw new IOException(option + " takes a number", e);
        }
    }

    /** The word behind an option, or another where it is not given. */
    String text(String option, String otherwise) throws IOException {
        int at = options.indexOf(option);
        if (at < 0) {
            return otherwise;
        }
        if (at + 1 == options.size()) {
            throw new IOException(option + " takes a value");
        }
        return options.get(at + 1);
    }

    /** As many rounds as {@code --rounds} says, or so many; fewer where the run would exceed this time. */
    Rounds rounds(int otherwise, Duration end) throws IOException {
        return new Rounds((int) number("--rounds", otherwise), startNanos + end.toNanos());
    }

    /** Starts a program that writes to the run's log. */
    Process start(String... command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .start();
    }

    /** Runs a program and says how many seconds it took; its failure is ours. */
    double seconds(String... command) throws IOException, InterruptedException {
        long start = System.nanoTime();
        int exit = start(command).waitFor();
        double took = (System.nanoTime() - start) / 1e9;
        if (exit != 0) {
            throw new IOException(String.join(" ", command) + " ended with " + exit + ": " + Files.readString(log()));
        }
        return took;
    }

    /** Runs a program that measures, and prints what it prints; its last line is the answer. */
    String measured(List<String> command) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(command).redirectError(log().toFile()).start();
        List<String> lines;
        try (var out = process.inputReader()) {
            lines = out.lines().toList();
        }
        if (process.waitFor() != 0 || lines.isEmpty()) {
            throw new IOException(String.join("\n", lines) + "\n" + Files.readString(log()));
        }
        lines.subList(0, lines.size() - 1).forEach(System.out::println);
        return lines.getLast();
    }

    /** What the programs said. */
    Path log() {
        return file("programs.log");
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
