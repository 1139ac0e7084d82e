package ringpull.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Hosts as network namespaces on one bridge, which is in the run's own namespace and has an address there, or on a second one
 * behind a slow link. All of it is named in the run's own mount namespace, and ends with the run.
 */
final class Lab {
    /** The run's own address on the bridge. */
    static final String OWN_ADDRESS = "10.77.0.1";

    private static final String BRIDGE = "br0";
    private static final String FAR_BRIDGE = "br1";
    private static final String TRUNK = "trunk0";
    private static final String FAR_TRUNK = "trunk1";

    /** Columns of /proc/net/dev. */
    private static final int RECEIVED = 1;

    private static final int SENT = 9;
    private static final int FIRST_HOST = 10;

    private final Run run;
    private int hosts;

    private Lab(Run run) {
        this.run = run;
    }

    /**
     * A host on the bridge.
     *
     * @param enter what to put before a command line to run it there
     */
    record Host(String name, String port, String address) {
        List<String> enter() {
            return List.of("ip", "netns", "exec", name);
        }
    }

    static Lab open(Run run) throws IOException, InterruptedException {
        run.seconds("ip", "link", "add", BRIDGE, "type", "bridge");
        run.seconds("ip", "addr", "add", OWN_ADDRESS + "/24", "dev", BRIDGE);
        run.seconds("ip", "link", "set", BRIDGE, "up");
        return new Lab(run);
    }

    /** A second rack behind a link of this rate. */
    void secondRack(long mbitPerSecond) throws IOException, InterruptedException {
        run.seconds("ip", "link", "add", FAR_BRIDGE, "type", "bridge");
        run.seconds("ip", "link", "set", FAR_BRIDGE, "up");
        run.seconds("ip", "link", "add", TRUNK, "type", "veth", "peer", "name", FAR_TRUNK);
        run.seconds("ip", "link", "set", TRUNK, "master", BRIDGE, "up");
        run.seconds("ip", "link", "set", FAR_TRUNK, "master", FAR_BRIDGE, "up");
        for (String end : new String[] {TRUNK, FAR_TRUNK}) {
            run.seconds(
                    "tc",
                    "qdisc",
                    "add",
                    "dev",
                    end,
                    "root",
                    "tbf",
                    "rate",
                    mbitPerSecond + "mbit",
                    "burst",
                    "256kb",
                    "latency",
                    "50ms");
        }
    }

    /** Bytes that went over the link between the racks, both ways, so far. */
    static long betweenRacks() throws IOException {
        return counted(TRUNK, RECEIVED) + counted(TRUNK, SENT);
    }

    /** Bytes that a host has sent so far. */
    static long sentBy(Host host) throws IOException {
        return counted(host.port, RECEIVED);
    }

    /** /sys still shows the namespace outside. */
    private static long counted(String device, int column) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/net/dev"))) {
            String[] words = line.strip().split("[: ]+", -1);
            if (words[0].equals(device)) {
                return Long.parseLong(words[column]);
            }
        }
        throw new IOException("no device " + device);
    }

    Host host() throws IOException, InterruptedException {
        return host(false);
    }

    /** @param far whether it stands in the second rack */
    Host host(boolean far) throws IOException, InterruptedException {
        Host host = new Host("host" + hosts, "port" + hosts, "10.77.0." + (FIRST_HOST + hosts));
        hosts++;
        run.seconds("ip", "netns", "add", host.name);
        run.seconds("ip", "link", "add", "e0", "netns", host.name, "type", "veth", "peer", "name", host.port);
        run.seconds("ip", "link", "set", host.port, "master", far ? FAR_BRIDGE : BRIDGE, "up");
        run.seconds("ip", "-n", host.name, "link", "set", "lo", "up");
        run.seconds("ip", "-n", host.name, "addr", "add", host.address + "/24", "dev", "e0");
        run.seconds("ip", "-n", host.name, "link", "set", "e0", "up");
        run.start("ip", "netns", "exec", host.name, "sysctl", "-qw", "net.ipv4.tcp_congestion_control=reno")
                .waitFor(); // where the kernel has it
        return host;
    }

    /** Caps a host's link in both directions from now on. */
    void shape(Host host, long mbitPerSecond) throws IOException, InterruptedException {
        String rate = mbitPerSecond + "mbit";
        run.seconds(
                "tc", "-n", host.name, "qdisc", "add", "dev", "e0", "root", "tbf", "rate", rate, "burst", "256kb",
                "latency", "50ms");
        run.seconds(
                "tc", "qdisc", "add", "dev", host.port, "root", "tbf", "rate", rate, "burst", "256kb", "latency",
                "50ms");
    }
}
