package ringpull.helper;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Locale;

/**
 * Where an NVMe target listens.
 *
 * @param address an address of a host: never a name, and without a scope
 */
public record Endpoint(Fabric fabric, InetAddress address, int port) {
    /** What carries the commands. */
    public enum Fabric {
        TCP,
        RDMA;

        /** As the kernel writes it. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Endpoint {
        if (port < 1 || port > 65_535 || address.isAnyLocalAddress() || address.isMulticastAddress()) {
            throw new IllegalArgumentException("no target listens at " + address.getHostAddress() + " port " + port);
        }
    }

    static Endpoint parse(String fabric, String address, String port) {
        InetAddress parsed = InetAddress.ofLiteral(address);
        return new Endpoint(Fabric.valueOf(fabric.toUpperCase(Locale.ROOT)), parsed, Integer.parseInt(port));
    }

    /** {@code ipv4} or {@code ipv6}. */
    String family() {
        return address instanceof Inet4Address ? "ipv4" : "ipv6";
    }

    /** As requests write it; digits, letters, dots and colons alone. */
    String text() {
        return fabric.word() + " " + host() + " " + port;
    }

    String host() {
        String host = address.getHostAddress();
        int scope = host.indexOf('%');
        return scope < 0 ? host : host.substring(0, scope);
    }

    @Override
    public String toString() {
        return fabric.word() + " " + host() + " port " + port;
    }
}
