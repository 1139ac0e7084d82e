package ringpull.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Runs one scenario. Exit status 0: measured, whatever the figures; 1: could not measure, with the reason. */
public final class Bench {
    private Bench() {}

    public static void main(String[] arguments) throws InterruptedException {
        String scenario = arguments.length == 0 ? "" : arguments[0];
        try {
            // bench/run makes and removes the directory that this is in.
            Run run = new Run(Files.createTempDirectory("r"), arguments);
            String line = switch (scenario) {
                case "pair" -> new Pair(run).measure();
                case "fan-in" -> new FanIn(run).measure();
                case "io" -> new IoPaths(run).measure();
                case "dead" -> new Dead(run).measure();
                case "handoff" -> new HandoffBench(run).measure();
                case "verify" -> new Verify(run).measure();
                case "cold-start" -> new ColdStart(run).measure();
                case "swarm-sim" -> new SwarmSim(run).measure();
                case "rdma" -> new Rdma(run).measure();
                case "nvmeof" -> new Nvmeof(run).measure();
                case "startup" -> new Startup(run).measure();
                case "ring-sim" -> new RingSim(run).measure();
                case "holders" -> new HoldersBench(run).measure();
                default ->
                    throw new IOException(
                            "usage: bench/run pair|fan-in|io|dead|startup|handoff|verify|cold-start|swarm-sim"
                                    + "|ring-sim|holders|rdma|nvmeof [--json] [--rounds N]");
            };
            System.out.println(
                    "load " + Files.readString(Path.of("/proc/loadavg")).strip() + ", steal " + Measure.stealTicks()
                            + " ticks since boot");
            if (run.has("--json")) {
                System.out.println(line);
            }
        } catch (IOException e) {
            System.err.println("bench/run: could not measure: " + e.getMessage());
            System.exit(1);
        }
        System.exit(0);
    }

    static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
