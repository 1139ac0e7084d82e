package ringpull;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import ringpull.os.PortOwner;

/** Binds the daemon's ports, and says who is in the way and which key to change. */
final class Ports {
    private Ports() {}

    /** Listens at an address. */
    @FunctionalInterface
    interface Binding<T> {
        T bind(InetSocketAddress address) throws IOException;
    }

    static <T> T bind(String key, String host, int port, Binding<T> binding) throws IOException {
        return bind(key, InetAddress.getByName(host), port, binding);
    }

    static <T> T bind(String key, InetAddress host, int port, Binding<T> binding) throws IOException {
        InetSocketAddress address = new InetSocketAddress(host, port);
        try {
            return binding.bind(address);
        } catch (BindException e) {
            String owner =
                    PortOwner.of(port).map(text -> " (held by " + text + ")").orElse("");
            throw new IOException(
                    "cannot listen on " + text(address) + owner + ": " + e.getMessage()
                            + ". Stop what holds it, or change " + key + " in the configuration",
                    e);
        }
    }

    /** {@code host:port}, an IPv6 host in brackets. */
    static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
