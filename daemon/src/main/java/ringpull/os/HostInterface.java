package ringpull.os;

import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An address that this host has.
 *
 * @param address without a scope
 * @param bridge the interface is a bridge of containers or virtual machines, whose addresses other hosts share
 */
record HostInterface(String name, InetAddress address, boolean bridge) {

    /** All addresses of interfaces that are up, in the kernel's order. */
    static List<HostInterface> all() throws SocketException {
        List<HostInterface> all = new ArrayList<>();
        for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
            if (!each.isUp()) {
                continue;
            }
            boolean bridge = Files.exists(Path.of("/sys/class/net", each.getName(), "bridge"));
            for (InterfaceAddress address : each.getInterfaceAddresses()) {
                all.add(new HostInterface(each.getName(), withoutScope(address.getAddress()), bridge));
            }
        }
        return all;
    }

    /** Fit to be told to other hosts. */
    boolean reachable() {
        return !bridge && !address.isLoopbackAddress() && !address.isLinkLocalAddress();
    }

    @Override
    public String toString() {
        String why = bridge ? " (a bridge)" : address.isLinkLocalAddress() ? " (link-local)" : "";
        return address.getHostAddress() + " on " + name + why;
    }

    static InetAddress withoutScope(InetAddress address) {
        try {
            return InetAddress.getByAddress(address.getAddress());
        } catch (UnknownHostException e) {
            throw new AssertionError("4 or 16 bytes are always an address", e);
        }
    }
}
