package ringpull.helper;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Where an NVMe target listens.
 *
 * @param address an address of a host: never a name, and without a scope
 */
public record Endpoint(Fabric fabric, InetAddress address, int port) {
    private static final Pattern ADDRESS = Pattern.compile("[0-9A-Fa-f.:]{2,45}");
    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");

    /** What carries the commands. */
    public enum Fabric {
        TCP,
        RDMA;

        /** @throws IllegalArgumentException if none is called so */
        public static Fabric of(String word) {
            return Arrays.stream(values())
                    .filter(fabric -> fabric.word().equals(word))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("a fabric is tcp or rdma"));
        }

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
        if (!ADDRESS.matcher(address).matches() || !PORT.matcher(port).matches()) {
            throw new IllegalArgumentException("no target has such an address and port");
        }
        return new Endpoint(Fabric.of(fabric), InetAddress.ofLiteral(address), Integer.parseInt(port));
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
