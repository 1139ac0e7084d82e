package ringpull.os;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import ringpull.config.Config;

/**
 * The address that other members reach this host under, and on which its peer ports listen.
 *
 * @param warning for the log, where the choice will surprise; empty otherwise
 */
public record HostAddress(InetAddress address, Optional<String> warning) {
    /** Addresses for documentation: nothing is sent there, but the kernel names the default route's source. */
    private static final List<String> ANYWHERE = List.of("192.0.2.1", "2001:db8::1");

    private static final int ANY_PORT = 7746;

    /** No address of this host will do; the message lists those there are. */
    public static final class Unusable extends IOException {
        private static final long serialVersionUID = 1;

        Unusable(String message) {
            super(message);
        }
    }

    /**
     * Resolves {@code [peer] address}. May ask the resolver for the seeds' names, so it may take seconds where there is no
     * name service.
     *
     * @throws Unusable if it means no address of this host, a bridge or a link-local one without saying so, or an address
     *     beyond loopback where neither certificates nor {@code insecure} allow it
     */
    public static HostAddress choose(Config.Peer peer, Config.Ring ring) throws Unusable {
        try {
            return choose(peer, ring, HostInterface.all());
        } catch (SocketException e) {
            throw new Unusable("the network interfaces of this host cannot be listed: " + e);
        }
    }

    static HostAddress choose(Config.Peer peer, Config.Ring ring, List<HostInterface> interfaces) throws Unusable {
        boolean open = peer.tls().isPresent() || peer.insecure();
        if (peer.address().isPresent()) {
            InetAddress address = configured("[peer] address", peer.address().get(), interfaces);
            if (!open && !address.isLoopbackAddress()) {
                throw new Unusable("[peer] address = \"" + peer.address().get() + "\" means "
                        + address.getHostAddress()
                        + ", beyond loopback, and there are no certificates: set [peer] cert,"
                        + " key, ca, or [peer] insecure = true where every host in reach may read this node's blobs");
            }
            return new HostAddress(address, Optional.empty());
        }
        if (ring.seeds().isEmpty()) {
            return new HostAddress(InetAddress.getLoopbackAddress(), Optional.empty());
        }
        InetAddress address = towards(ring.seeds(), interfaces);
        if (!open && !address.isLoopbackAddress()) {
            return new HostAddress(
                    InetAddress.getLoopbackAddress(),
                    Optional.of(
                            "peer ports stay on loopback, and no other host can join: there are no certificates. Set"
                                + " [peer] cert, key, ca, or [peer] insecure = true where every host in reach may read"
                                + " this node's blobs; they would then listen on " + address.getHostAddress()));
        }
        return new HostAddress(address, Optional.empty());
    }

    /**
     * The address of this host that a key's text means: an IP address, an interface's name or a network.
     *
     * @param key as the file names it, for the message
     */
    public static InetAddress named(String key, String text) throws Unusable {
        try {
            return configured(key, text, HostInterface.all());
        } catch (SocketException e) {
            throw new Unusable("the network interfaces of this host cannot be listed: " + e);
        }
    }

    private static InetAddress configured(String key, String text, List<HostInterface> interfaces) throws Unusable {
        Optional<AddressRange> range = AddressRange.parse(text);
        if (range.isPresent() && range.get().single()) {
            InetAddress address = range.get().address();
            return first(interfaces, each -> each.address().equals(address))
                    .orElseThrow(() -> unusable(key, text, "is no address of this host", interfaces));
        }
        if (range.isPresent()) {
            return first(
                            interfaces,
                            each -> range.get().contains(each.address())
                                    && !each.bridge()
                                    && !each.address().isLinkLocalAddress())
                    .orElseThrow(() -> unusable(key, text, "holds no address of this host", interfaces));
        }
        if (interfaces.stream().noneMatch(each -> each.name().equals(text))) {
            throw unusable(key, text, "is no IP address, CIDR, or interface that is up with an address", interfaces);
        }
        return first(
                        interfaces,
                        each -> each.name().equals(text) && !each.address().isLinkLocalAddress())
                .orElseThrow(() -> unusable(key, text, "has link-local addresses only", interfaces));
    }

    /** Seeds whose names do not resolve are left out: a daemon starts while the name service is away. */
    private static InetAddress towards(List<String> seeds, List<HostInterface> interfaces) throws Unusable {
        for (String seed : seeds) {
            if (seed.startsWith("file:/") || seed.startsWith("srv:_")) {
                continue; // names of many hosts, which change
            }
            Optional<InetAddress> source = source(host(seed));
            if (source.isPresent()) {
                return usable(source.get(), "the route to the seed " + seed, interfaces);
            }
        }
        for (String target : ANYWHERE) {
            Optional<InetAddress> source = source(target);
            if (source.isPresent()) {
                return usable(source.get(), "the default route", interfaces);
            }
        }
        return first(interfaces, HostInterface::reachable)
                .orElseThrow(
                        () -> new Unusable("this host has no address that other hosts could reach; set [peer] address."
                                + candidates(interfaces)));
    }

    private static InetAddress usable(InetAddress source, String route, List<HostInterface> interfaces)
            throws Unusable {
        boolean bridge = interfaces.stream().anyMatch(each -> each.address().equals(source) && each.bridge());
        if (bridge || source.isLinkLocalAddress()) {
            throw new Unusable(route + " leaves from " + source.getHostAddress()
                    + (bridge ? ", a bridge" : ", link-local")
                    + ", which other hosts may not reach; name one in [peer] address." + candidates(interfaces));
        }
        return source;
    }

    /** IPv4 before IPv6, then the kernel's order. */
    private static Optional<InetAddress> first(List<HostInterface> interfaces, Predicate<HostInterface> wanted) {
        return interfaces.stream()
                .filter(wanted)
                .map(HostInterface::address)
                .min(Comparator.comparing(address -> !(address instanceof Inet4Address)));
    }

    private static Unusable unusable(String key, String text, String what, List<HostInterface> interfaces) {
        return new Unusable(key + " = \"" + text + "\" " + what + "." + candidates(interfaces));
    }

    private static String candidates(List<HostInterface> interfaces) {
        return " This host has: "
                + interfaces.stream().map(HostInterface::toString).collect(Collectors.joining(", "));
    }

    private static Optional<InetAddress> source(String host) {
        try {
            for (InetAddress target : InetAddress.getAllByName(host)) {
                Optional<InetAddress> source = source(target);
                if (source.isPresent()) {
                    return source;
                }
            }
        } catch (UnknownHostException e) {
            // The next seed may resolve.
        }
        return Optional.empty();
    }

    /** A connected datagram socket is bound to the source address of the route; nothing is sent. */
    private static Optional<InetAddress> source(InetAddress target) {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(target, ANY_PORT));
            InetAddress source = HostInterface.withoutScope(socket.getLocalAddress());
            return source.isAnyLocalAddress() ? Optional.empty() : Optional.of(source);
        } catch (SocketException e) {
            // No route.
            return Optional.empty();
        }
    }

    /** Of {@code host}, {@code host:port}, {@code [v6]:port}. */
    private static String host(String seed) {
        if (seed.startsWith("[")) {
            return seed.substring(1, Math.max(1, seed.indexOf(']')));
        }
        int colon = seed.indexOf(':');
        return colon < 0 ? seed : seed.substring(0, colon);
    }
}
