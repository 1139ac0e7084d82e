package ringpull.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import ringpull.demo.NodeConfig;

/**
 * Daemons on hosts of their own want the same blob at the same moment, and nobody has it: how long the last one takes,
 * and how often the blob leaves the origin, which has one such link too.
 */
final class ColdStart {
    private static final int ROUNDS = 3;
    private static final long MIB = 1 << 20;

    /** Rounds that warm the daemons' JIT and are not counted: eight of them share the cores of one machine here. */
    private static final int WARM_UPS = 2;

    private static final double BUSY_MOST = 0.8;

    private final Run run;
    private final int nodes;
    private final long bytes;
    private final String rate;
    private final boolean kill;
    private final boolean racks;

    ColdStart(Run run) throws IOException {
        this.run = run;
        this.nodes = (int) run.number("--nodes", 8);
        this.racks = run.has("--two-racks");
        this.bytes = SwarmSim.bytes(run.text("--size", racks ? "32MiB" : "256MiB"));
        this.rate = run.text("--rate", "200mbit");
        this.kill = run.has("--kill");
    }

    /** One cold start; times by the slowest, and those of hosts that were killed are left out. */
    private record Round(List<Double> seconds, CountedOrigin.Sent sent, double crossed) {
        double last() {
            return Collections.max(seconds);
        }
    }

    String measure() throws IOException, InterruptedException {
        int rounds = (int) run.number("--rounds", kill ? 1 : ROUNDS);
        Deque<AutoCloseable> started = new ArrayDeque<>();
        Lab lab = Lab.open(run);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Lab.Host far = lab.host();
            CountedOrigin origin = CountedOrigin.start(run, far);
            started.push(origin::close);
            lab.shape(far, mbit());
            if (racks) {
                lab.secondRack(mbit() / 10);
            }
            List<Lab.Host> hosts = new ArrayList<>();
            List<BenchNode> ring = new ArrayList<>();
            for (int i = 0; i < nodes; i++) {
                Lab.Host host = lab.host(racks && i % 2 == 1);
                lab.shape(host, mbit());
                hosts.add(host);
                Optional<String> seed = ring.isEmpty()
                        ? Optional.empty()
                        : Optional.of(ring.getFirst().control());
                BenchNode node = node(host, origin, seed, (rounds + 4) * bytes, racks ? "rack" + i % 2 : "");
                ring.add(node);
                started.push(node);
            }
            for (BenchNode node : ring) {
                node.awaitMembers(nodes);
            }
            long[] busyBefore = Measure.cpuTicks();
            String one = RandomBlob.write(origin.www(), 100, bytes);
            double ideal = curl(hosts.getFirst(), origin, one);
            for (int i = 0; i < WARM_UPS; i++) {
                round(threads, ring, origin, RandomBlob.write(origin.www(), 99 - i, bytes), ideal, false);
            }
            List<Round> measured = new ArrayList<>();
            for (int i = 0; i < rounds; i++) {
                measured.add(round(threads, ring, origin, RandomBlob.write(origin.www(), i, bytes), ideal, kill));
            }
            double busy = Measure.busyShare(busyBefore, Measure.cpuTicks());
            boolean rivals = !run.has("--no-direct");
            Optional<Double> direct =
                    rivals ? Optional.of(direct(threads, hosts, origin, one) / ideal) : Optional.empty();
            Optional<BitTorrent.Outcome> torrent = rivals && !kill && !racks && BitTorrent.isInstalled()
                    ? Optional.of(BitTorrent.race(run, far, hosts, origin.www().resolve(RandomBlob.PATH + one)))
                    : Optional.empty();
            return report(ideal, measured, direct, torrent, busy);
        } finally {
            started.forEach(ColdStart::close);
        }
    }

    private static void close(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception e) {
            System.err.println("closing: " + e);
        }
    }

    private long mbit() throws IOException {
        return SwarmSim.rate(rate) * 8 / 1_000_000;
    }

    private BenchNode node(Lab.Host host, CountedOrigin origin, Optional<String> seed, long quota, String rack)
            throws IOException, InterruptedException {
        NodeConfig config = NodeConfig.first(
                        run.file(host.name()),
                        host.name(),
                        List.of(NodeConfig.Registry.open(BenchNode.REGISTRY, origin.url())))
                .peer("address = \"" + host.address() + "\"", "insecure = true")
                .quota(quota / MIB + " MiB")
                .rack(rack);
        return BenchNode.start(run, seed.isEmpty() ? config : config.joining(seed.get()), host.enter());
    }

    private double curl(Lab.Host host, CountedOrigin origin, String blob) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(host.enter());
        command.addAll(List.of("curl", "-sSf", "-o", "/dev/null", origin.url() + "/" + RandomBlob.PATH + blob));
        return run.seconds(command.toArray(String[]::new));
    }

    private Round round(
            ExecutorService threads,
            List<BenchNode> ring,
            CountedOrigin origin,
            String blob,
            double ideal,
            boolean killing)
            throws IOException, InterruptedException {
        List<BenchNode> pulling = killing ? ring.subList(0, ring.size() - 1) : ring;
        List<Callable<Double>> pulls = new ArrayList<>(pulling.stream()
                .<Callable<Double>>map(node -> () -> node.cold(blob))
                .toList());
        if (killing) {
            BenchNode victim = ring.getLast();
            threads.submit(() -> victim.cold(blob));
            pulls.add(() -> {
                Thread.sleep((long) (ideal * 500));
                victim.kill();
                return 0.0;
            });
        }
        double cpuBefore = cpu(pulling);
        long crossedBefore = racks ? Lab.betweenRacks() : 0;
        List<Double> seconds = all(threads, pulls);
        double cpu = cpu(pulling) - cpuBefore;
        double crossed = racks ? (double) (Lab.betweenRacks() - crossedBefore) / bytes : 0;
        CountedOrigin.Sent sent = origin.sent(blob);
        for (BenchNode node : pulling) {
            Path stored = node.stored(blob);
            if (Files.size(stored) != bytes) {
                throw new IOException("wrong size of " + stored);
            }
        }
        Files.deleteIfExists(origin.www().resolve(RandomBlob.PATH + blob));
        System.out.println(Bench.format(
                "round: last %.2f s, first %.2f s, egress %.3f, %d requests, %d connections, CPU %.1f s%s",
                Collections.max(seconds),
                seconds.stream().filter(s -> s > 0).mapToDouble(s -> s).min().orElse(0),
                (double) sent.bytes() / bytes,
                sent.requests(),
                sent.connectionsMost(),
                cpu,
                racks ? Bench.format(", between racks %.3f copies", crossed) : ""));
        return new Round(seconds, sent, crossed);
    }

    private static double cpu(List<BenchNode> ring) throws IOException {
        double seconds = 0;
        for (BenchNode node : ring) {
            seconds += node.cpuSeconds();
        }
        return seconds;
    }

    private double direct(ExecutorService threads, List<Lab.Host> hosts, CountedOrigin origin, String blob)
            throws IOException, InterruptedException {
        return Collections.max(all(
                threads,
                hosts.stream()
                        .<Callable<Double>>map(host -> () -> curl(host, origin, blob))
                        .toList()));
    }

    private static List<Double> all(ExecutorService threads, List<Callable<Double>> tasks)
            throws IOException, InterruptedException {
        List<Double> seconds = new ArrayList<>();
        for (Future<Double> task : threads.invokeAll(tasks)) {
            try {
                seconds.add(task.get());
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
            }
        }
        return seconds;
    }

    private String report(
            double ideal,
            List<Round> rounds,
            Optional<Double> direct,
            Optional<BitTorrent.Outcome> torrent,
            double busy)
            throws IOException {
        double last = Measure.median(rounds.stream().map(Round::last).toList()) / ideal;
        double egress = Measure.median(rounds.stream()
                .map(round -> (double) round.sent.bytes() / bytes)
                .toList());
        int requests =
                rounds.stream().mapToInt(round -> round.sent.requests()).max().orElse(0);
        int connections = rounds.stream()
                .mapToInt(round -> round.sent.connectionsMost())
                .max()
                .orElse(0);
        String times = String.join(
                ",",
                rounds.stream().map(round -> Bench.format("%.3f", round.last())).toList());
        System.out.println(Bench.format("%d nodes, %d MiB, links and origin at %s", nodes, bytes / MIB, rate));
        System.out.println(Bench.format("ideal (one curl)        %8.2f s", ideal));
        System.out.println(Bench.format("last node               %8.2f x ideal", last));
        System.out.println(Bench.format("egress                  %8.3f copies", egress));
        direct.ifPresent(d -> System.out.println(Bench.format("last of direct pulls    %8.2f x ideal", d)));
        torrent.ifPresent(t -> System.out.println(Bench.format(
                "last of BitTorrent      %8.2f x ideal, which sent %.2f copies with their headers",
                t.last() / ideal, t.egress())));
        System.out.println(Bench.format("CPUs busy               %8.0f %%", 100 * busy));
        if (busy > BUSY_MOST) {
            throw new IOException(Bench.format(
                    "the CPUs of this host were %.0f %% busy, so the links were not what was measured", 100 * busy));
        }
        return Bench.format(
                "{\"nodes\":%d,\"rate\":\"%s\",\"bytes\":%d,\"ideal_s\":%.3f,\"times_s\":[%s],\"last_over_ideal\":%.3f,"
                        + "\"egress\":%.4f,\"origin_requests\":%d,\"origin_peak_connections\":%d,"
                        + "\"direct_last_over_ideal\":%s,\"bittorrent_last_over_ideal\":%s,\"bittorrent_egress\":%s,"
                        + "\"host_busy\":%.2f%s}",
                nodes,
                rate,
                bytes,
                ideal,
                times,
                last,
                egress,
                requests,
                connections,
                direct.map(d -> Bench.format("%.3f", d)).orElse("null"),
                torrent.map(t -> Bench.format("%.3f", t.last() / ideal)).orElse("null"),
                torrent.map(t -> Bench.format("%.3f", t.egress())).orElse("null"),
                busy,
                (kill ? ",\"survivors_ok\":true" : "")
                        + (racks
                                ? Bench.format(
                                        ",\"rack_link_copies\":%.3f",
                                        Measure.median(rounds.stream()
                                                .map(Round::crossed)
                                                .toList()))
                                : ""));
    }
}
