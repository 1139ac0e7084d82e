package ringpull.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import ringpull.demo.Programs;

/**
 * Hosts on one bridge, as network namespaces inside one of the test's own, and the faults of their network. A process holds
 * all of it; when the test closes it, or is itself killed, that process ends everything that runs on the hosts.
 */
final class Lan implements AutoCloseable {
    private static final String NET = "10.77.0.";
    private static final int FIRST_HOST = 10;
    /** Its standard input ends with the test, however that ends. */
    private static final String KEEPER = """
        mkdir -p /run/netns && mount -t tmpfs netns /run/netns && ip link set lo up || exit
        ip link add br0 type bridge && ip link set br0 up && echo up && cat > /dev/null
        for host in $(ls /run/netns); do ip netns pids "$host" | xargs -r kill -KILL; done
        """;

    private final Path directory;
    private final Process keeper;
    private final List<Host> hosts = new ArrayList<>();

    private Lan(Path directory, Process keeper) {
        this.directory = directory;
        this.keeper = keeper;
    }

    /**
     * @param enter what to put before a command line to run it there
     */
    record Host(String name, String address, List<String> enter) {}

    static Lan open(Path directory) throws IOException, InterruptedException {
        Path log = directory.resolve("lan.log");
        Process keeper = new ProcessBuilder("unshare", "--net", "--mount", "--", "sh", "-c", KEEPER)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Lan lan = new Lan(directory, keeper);
        Cluster.await("the bridge", () -> {
            if (!keeper.isAlive()) {
                throw new IOException("no bridge: " + Files.readString(log));
            }
            return Files.readString(log).contains("up");
        });
        return lan;
    }

    private List<String> entering(String... command) {
        List<String> whole = new ArrayList<>(List.of("nsenter", "-t", Long.toString(keeper.pid()), "-n", "-m", "--"));
        whole.addAll(List.of(command));
        return whole;
    }

    /** One more host; all hosts reach each other. */
    Host host() throws IOException, InterruptedException {
        int number = hosts.size();
        String name = "h" + number;
        Host host = new Host(name, NET + (FIRST_HOST + number), entering("ip", "netns", "exec", name));
        run(entering("sh", "-ec", """
            ip netns add %1$s
            ip link add e0 netns %1$s type veth peer name p-%1$s
            ip link set p-%1$s master br0 up
            ip -n %1$s link set lo up
            ip -n %1$s addr add %2$s/24 dev e0
            ip -n %1$s link set e0 up
            """.formatted(name, host.address)));
        hosts.add(host);
        return host;
    }

    /** Every host loses so many of the packets that others send to it, in per cent. */
    void lose(int percent) throws IOException, InterruptedException {
        for (Host host : hosts) {
            run(
                    host,
                    "iptables -A INPUT -i e0 -m statistic --mode random --probability 0.%02d -j DROP"
                            .formatted(percent));
        }
    }

    /** One host hears nothing of another any more, which still hears it. */
    void cut(Host from, Host to) throws IOException, InterruptedException {
        run(to, "iptables -A INPUT -s " + from.address + " -j DROP");
    }

    /** Neither side hears anything of the other. */
    void partition(List<Host> one, List<Host> other) throws IOException, InterruptedException {
        for (Host host : one) {
            run(host, "iptables -A INPUT -s " + addresses(other) + " -j DROP");
        }
        for (Host host : other) {
            run(host, "iptables -A INPUT -s " + addresses(one) + " -j DROP");
        }
    }

    private static String addresses(List<Host> hosts) {
        return String.join(",", hosts.stream().map(Host::address).toList());
    }

    /** Packets that hosts lost to the faults that are there now. */
    long lostPackets() throws IOException, InterruptedException {
        long packets = 0;
        for (Host host : hosts) {
            String sum = run(host, "iptables -nvxL INPUT | awk '$3 == \"DROP\" { sum += $1 } END { print sum + 0 }'");
            packets += Long.parseLong(sum.strip());
        }
        return packets;
    }

    /** Takes all faults away. */
    void heal() throws IOException, InterruptedException {
        for (Host host : hosts) {
            run(host, "iptables -F INPUT");
        }
    }

    /** Runs a line of shell on a host, which must succeed; what it printed. */
    String run(Host host, String line) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(host.enter);
        command.addAll(List.of("sh", "-ec", line));
        return run(command);
    }

    private String run(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory, "run", ".out");
        Programs.Outcome outcome = Programs.run(output, Cluster.CEILING, command);
        Files.delete(output);
        if (outcome.exit() != 0) {
            throw new IOException(String.join(" ", command) + " failed: " + outcome.output());
        }
        return outcome.output();
    }

    @Override
    public void close() {
        try {
            keeper.outputWriter().close();
            if (!keeper.waitFor(Cluster.CEILING.toMillis(), TimeUnit.MILLISECONDS)) {
                keeper.destroyForcibly();
            }
        } catch (IOException e) {
            keeper.destroyForcibly();
        } catch (InterruptedException e) {
            keeper.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
