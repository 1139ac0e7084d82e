package ringpull.doctor;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A port of an RDMA device, as the kernel shows it under {@code /sys/class/infiniband}.
 *
 * @param state as {@code ACTIVE}
 * @param link {@code Ethernet} or {@code InfiniBand}
 * @param interfaces of the network under it
 * @param mtu of the first of these, bytes; 0: unknown
 */
public record RdmaPort(
        String device,
        int number,
        String state,
        String link,
        String rate,
        List<Gid> gids,
        List<String> interfaces,
        int mtu) {
    public RdmaPort {
        gids = List.copyOf(gids);
        interfaces = List.copyOf(interfaces);
    }

    /**
     * An address of a port on its fabric.
     *
     * @param type as {@code RoCE v2}
     */
    public record Gid(int index, String value, String type) {
        /** The IP address that it was made of, if it is of RoCE. */
        Optional<InetAddress> address() {
            String[] groups = value.split(":", -1);
            byte[] bytes = new byte[16];
            if (groups.length != 8) {
                return Optional.empty();
            }
            try {
                for (int i = 0; i < groups.length; i++) {
                    int group = Integer.parseInt(groups[i], 16);
                    bytes[2 * i] = (byte) (group >> 8);
                    bytes[2 * i + 1] = (byte) group;
                }
                return Optional.of(InetAddress.getByAddress(bytes)); // of IPv4 mapped to IPv6: IPv4
            } catch (NumberFormatException | UnknownHostException e) {
                return Optional.empty();
            }
        }
    }

    boolean isActive() {
        return state.equals("ACTIVE");
    }

    /** All ports of this host; none where the kernel has no RDMA. {@code sys} is {@code /sys} but for tests. */
    static List<RdmaPort> all(Path sys) throws IOException {
        List<RdmaPort> all = new ArrayList<>();
        for (Path device : sorted(sys.resolve("class/infiniband"))) {
            for (Path port : sorted(device.resolve("ports"))) {
                all.add(port(sys, device, port));
            }
        }
        return all;
    }

    private static RdmaPort port(Path sys, Path device, Path port) throws IOException {
        List<Gid> gids = new ArrayList<>();
        List<String> interfaces = new ArrayList<>();
        for (Path gid : sorted(port.resolve("gids"))) {
            String value = read(gid);
            if (value.replaceAll("[0:]", "").isEmpty()) {
                continue; // an empty place in the table
            }
            String index = gid.getFileName().toString();
            gids.add(new Gid(
                    number(index), value, read(port.resolve("gid_attrs/types").resolve(index))));
            String under = read(port.resolve("gid_attrs/ndevs").resolve(index));
            if (!under.isEmpty() && !interfaces.contains(under)) {
                interfaces.add(under);
            }
        }
        for (Path network : sorted(sys.resolve("class/net"))) {
            String name = network.getFileName().toString();
            // Those of InfiniBand are in no table of GIDs.
            boolean over = Files.exists(network.resolve("device/infiniband").resolve(device.getFileName()))
                    && number(read(network.resolve("dev_port"))) + 1
                            == number(port.getFileName().toString());
            if (over && !interfaces.contains(name)) {
                interfaces.add(name);
            }
        }
        int mtu = interfaces.isEmpty()
                ? 0
                : number(read(
                        sys.resolve("class/net").resolve(interfaces.getFirst()).resolve("mtu")));
        return new RdmaPort(
                device.getFileName().toString(),
                number(port.getFileName().toString()),
                read(port.resolve("state")).replaceFirst("^\\d+: *", ""),
                read(port.resolve("link_layer")),
                read(port.resolve("rate")),
                gids,
                interfaces,
                mtu);
    }

    private static List<Path> sorted(Path directory) throws IOException {
        List<Path> entries = new ArrayList<>();
        if (Files.isDirectory(directory)) {
            try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
                stream.forEach(entries::add);
            }
        }
        entries.sort((a, b) -> {
            int byNumber = Integer.compare(
                    number(a.getFileName().toString()), number(b.getFileName().toString()));
            return byNumber != 0 ? byNumber : a.compareTo(b);
        });
        return entries;
    }

    /** An attribute's line; empty if the kernel gives none, as for a place in a table that is not used. */
    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            return "";
        }
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
