package ringpull.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** From exec to ready, memory when idle, and how long {@code ringpull --version} takes; all through the launcher. */
final class Startup {
    private static final long READY_MILLIS_MAX = 60_000;
    private static final long IDLE_MILLIS = 3_000;
    private static final long LOOK_MILLIS = 2;

    private static final Duration TIME = Duration.ofSeconds(28);

    private final Run run;

    Startup(Run run) {
        this.run = run;
    }

    String measure() throws IOException, InterruptedException {
        Path config = run.file("c.toml");
        Files.writeString(config, """
            [node]
            state = "%1$s/state"
            control_socket = "%1$s/c.sock"
            [peer]
            control_port = 0
            data_port = 0
            [mirror]
            port = 0
            [metrics]
            port = 0
            """.formatted(run.directory()));
        List<Double> ready = new ArrayList<>();
        List<Double> rss = new ArrayList<>();
        List<Double> cli = new ArrayList<>();
        Rounds rounds = run.rounds(Rounds.USUAL, TIME);
        while (rounds.next()) {
            List<Double> figures = daemon(config);
            double version = run.seconds("./ringpull", "--version");
            if (!rounds.warmUp()) {
                ready.add(figures.get(0));
                rss.add(figures.get(1));
                cli.add(version);
            }
        }
        System.out.println(Bench.format("ready after exec      %.3f s", Measure.median(ready)));
        System.out.println(Bench.format("idle RSS              %.0f MiB", Measure.median(rss)));
        System.out.println(Bench.format("ringpull --version    %.3f s", Measure.median(cli)));
        return Bench.format(
                "{\"ready_s\":%.3f,\"rss_mib\":%.1f,\"cli_s\":%.3f,\"rounds\":%d}",
                Measure.median(ready), Measure.median(rss), Measure.median(cli), rounds.measured());
    }

    private List<Double> daemon(Path config) throws IOException, InterruptedException {
        Path log = run.file("daemon.log");
        Files.deleteIfExists(log);
        long start = System.nanoTime();
        ProcessBuilder builder = new ProcessBuilder("./ringpull", "daemon", "--config", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("RINGPULL_JAVA_OPTS", "-Djava.io.tmpdir=" + run.directory());
        Process process = builder.start();
        try {
            while (!Files.readString(log).contains("ready: ")) {
                if (!process.isAlive() || System.nanoTime() - start > READY_MILLIS_MAX * 1_000_000) {
                    throw new IOException("the daemon did not become ready: " + Files.readString(log));
                }
                Thread.sleep(LOOK_MILLIS);
            }
            double ready = (System.nanoTime() - start) / 1e9;
            Thread.sleep(IDLE_MILLIS);
            return List.of(ready, Measure.mib(process.pid(), "VmRSS"));
        } finally {
            process.destroy();
            process.waitFor();
        }
    }
}
