package ringpull.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Figures of processes and of runs. */
final class Measure {
    private static final double TICKS_PER_SECOND = 100;

    /** A spread from which on a run is called noisy. */
    static final double NOISE = 0.2;

    private Measure() {}

    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    static double median(List<Double> values) {
        return median(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** Largest distance from the median, as a share of it. */
    static double spread(List<Double> values) {
        double median = median(values);
        return values.stream()
                .mapToDouble(v -> Math.abs(v - median) / median)
                .max()
                .orElse(0);
    }

    /** User and system seconds of a process so far. */
    static double cpuSeconds(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
    }

    /** A line of a process's status in KiB, {@code VmRSS} or {@code VmHWM}, as MiB. */
    static double mib(long pid, String key) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                        .filter(line -> line.startsWith(key + ":"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .findFirst()
                        .orElse(0)
                / 1024.0;
    }

    /** Busy and all ticks of all CPUs so far. */
    static long[] cpuTicks() throws IOException {
        String[] words =
                Files.readAllLines(Path.of("/proc/stat")).getFirst().trim().split("\\s+");
        long all = 0;
        for (int i = 1; i <= 8; i++) {
            all += Long.parseLong(words[i]);
        }
        long idle = Long.parseLong(words[4]) + Long.parseLong(words[5]);
        return new long[] {all - idle, all};
    }

    static double busyShare(long[] before, long[] after) {
        return (double) (after[0] - before[0]) / Math.max(1, after[1] - before[1]);
    }

    static String stealTicks() throws IOException {
        return Files.readAllLines(Path.of("/proc/stat")).getFirst().trim().split("\\s+")[8];
    }
}
