package ringpull.transport.rdma;

import java.io.IOException;
import java.util.Locale;

/**
 * The port of a device that an address is on.
 *
 * @param active whether its link is up
 * @param mtu of its packets, bytes
 * @param fabric as {@code RoCE v2}
 * @param gid which entry of its table stands for the address; -1: the device does not say
 * @param mbit the link's rate in Mbit/s; 0: unknown
 * @param reads how many RDMA READs of one connection the device runs at a time
 */
record Port(boolean active, int mtu, String fabric, int gid, int mbit, int reads) {
    /** {@code IBV_PORT_ACTIVE}. */
    private static final int ACTIVE = 4;

    /** {@code IBV_LINK_LAYER_ETHERNET}. */
    private static final int ETHERNET = 2;

    /** Of what an endpoint is bound to. */
    static Port of(Endpoint endpoint) throws IOException {
        int[] state = Native.port(endpoint.number());
        return new Port(state[0] == ACTIVE, state[1], fabric(state[2], state[6]), state[5], state[3], state[4]);
    }

    private static String fabric(int linkLayer, int gidType) {
        return switch (gidType) {
            case 0 -> linkLayer == ETHERNET ? "iWARP" : "InfiniBand";
            case 1 -> "RoCE v1";
            case 2 -> "RoCE v2";
            default -> linkLayer == ETHERNET ? "RoCE or iWARP" : "InfiniBand";
        };
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%s%s, %s, packets of %d bytes, %d READs at a time%s",
                fabric,
                gid < 0 ? "" : " (GID " + gid + ")",
                mbit == 0 ? "rate unknown" : mbit / 1000.0 + " Gbit/s",
                mtu,
                reads,
                active ? "" : ", link down");
    }
}
