package ringpull.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Runs one scenario. Exit status 0: measured, whatever the figures; 1: could not measure, with the reason. */
public final class Bench {
    private Bench() {}

    public static void main(String[] arguments) throws InterruptedException {
        List<String> options = Arrays.asList(arguments);
        boolean json = options.contains("--json");
        String scenario = arguments.length == 0 ? "" : arguments[0];
        try {
            Path directory = Files.createTempDirectory("rb");
            try {
                String line = switch (scenario) {
                    case "pair" ->
                        new Pair(directory, number(options, "--bytes", 2L << 30), (int) number(options, "--rounds", 5))
                                .run();
                    case "startup" -> new Startup(directory, (int) number(options, "--rounds", 5)).run();
                    case "ring-sim" ->
                        new RingSim((int) number(options, "--nodes", 1_000), number(options, "--seed", 1)).measure();
                    case "holders" ->
                        new HoldersBench(
                                        (int) number(options, "--members", 10_000),
                                        number(options, "--postings", 5_000_000))
                                .measure();
                    default -> throw new IOException("usage: bench/run pair|startup|ring-sim|holders [--json] [--bytes N] [--rounds N]");
                };
                System.out.println(
                        "load " + Files.readString(Path.of("/proc/loadavg")).strip() + ", steal " + Measure.stealTicks()
                                + " ticks since boot");
                if (json) {
                    System.out.println(line);
                }
            } finally {
                Measure.deleteAll(directory);
            }
        } catch (IOException e) {
            System.err.println("bench/run: could not measure: " + e.getMessage());
            System.exit(1);
        }
        System.exit(0);
    }

    private static long number(List<String> options, String name, long otherwise) throws IOException {
        int at = options.indexOf(name);
        if (at < 0) {
            return otherwise;
        }
        try {
            return Long.parseLong(options.get(at + 1));
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw new IOException(name + " takes a number", e);
        }
    }

    static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
