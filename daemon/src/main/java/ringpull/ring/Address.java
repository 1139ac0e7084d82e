package ringpull.ring;

/**
 * Where a control port listens.
 *
 * @param host an IP address
 */
public record Address(String host, int port) {
    public Address {
        Limits.address(host);
        Limits.port(port, "port");
    }

    /** {@code 10.0.0.5:7746} or {@code [fd00::5]:7746}. */
    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
