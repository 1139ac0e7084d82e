package ringpull.ring;

import java.net.InetAddress;
import java.util.regex.Pattern;

/**
 * Where a control port listens.
 *
 * @param host an IP address; of the ways to write one always the same
 */
public record Address(String host, int port) {
    private static final Pattern ZEROS = Pattern.compile("(^|:)0(:0)+(:|$)");

    public Address {
        Limits.address(host);
        Limits.port(port, "port");
        host = shortest(InetAddress.ofLiteral(host).getHostAddress());
    }

    private static String shortest(String literal) {
        return literal.indexOf(':') < 0 ? literal : ZEROS.matcher(literal).replaceFirst("::");
    }

    /** {@code 10.0.0.5:7746} or {@code [fd00::5]:7746}. */
    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
