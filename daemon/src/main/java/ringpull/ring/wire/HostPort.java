package ringpull.ring.wire;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import ringpull.ring.Address;

/**
 * A seed as the configuration names it.
 *
 * @param host a DNS name or an IP address
 */
public record HostPort(String host, int port) implements SeedSource {
    /** Control port of a seed that names none. */
    public static final int DEFAULT_PORT = 7746;

    private static final int HOST_CHARS = 253;

    /**
     * Parses {@code host}, {@code host:port}, an IPv6 address, or {@code [address]:port}.
     *
     * @throws IllegalArgumentException with a sentence that says what is wrong
     */
    public static HostPort parse(String text) {
        String host = text;
        String port = "";
        int colon = text.lastIndexOf(':');
        if (text.startsWith("[")) {
            int end = text.indexOf(']');
            boolean valid = end > 0 && (end == text.length() - 1 || text.charAt(end + 1) == ':');
            if (!valid) {
                throw invalid(text);
            }
            host = text.substring(1, end);
            port = end == text.length() - 1 ? "" : text.substring(end + 2);
        } else if (colon >= 0 && text.indexOf(':') == colon) {
            host = text.substring(0, colon);
            port = text.substring(colon + 1);
        }
        if (host.isBlank()
                || host.length() > HOST_CHARS
                || (port.isEmpty() && text.endsWith(":") && !host.contains(":"))) {
            throw invalid(text);
        }
        return new HostPort(host, port.isEmpty() ? DEFAULT_PORT : number(port, text));
    }

    private static int number(String port, String text) {
        boolean digits = port.length() <= 5 && port.chars().allMatch(c -> c >= '0' && c <= '9');
        int number = digits ? Integer.parseInt(port) : 0;
        if (number < 1 || number > 65_535) {
            throw invalid(text);
        }
        return number;
    }

    private static IllegalArgumentException invalid(String text) {
        return new IllegalArgumentException(
                "[ring] seeds: '" + text + "' is not host, host:port, or [IPv6 address]:port");
    }

    @Override
    public List<Address> resolve() throws UnknownHostException {
        List<Address> addresses = new ArrayList<>();
        for (InetAddress address : InetAddress.getAllByName(host)) {
            if (!address.isAnyLocalAddress() && !address.isMulticastAddress()) {
                addresses.add(new Address(text(address), port));
            }
        }
        return addresses;
    }

    private static String text(InetAddress address) {
        String text = address.getHostAddress();
        int scope = text.indexOf('%');
        return scope < 0 ? text : text.substring(0, scope);
    }
}
