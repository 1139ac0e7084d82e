package ringpull.transport.rdma;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** The addresses of an RDMA device that tests may use: {@code RINGPULL_TEST_RDMA} names their network, such as 10.8.0. It has some of fd00:8::/64, too. */
public final class Fabric {
    /** The environment variable; unset where there is no such device. */
    public static final String VARIABLE = "RINGPULL_TEST_RDMA";

    private Fabric() {}

    /** The address with this last number, from 1 to 3. */
    public static InetAddress host(int number) {
        return address(System.getenv(VARIABLE) + "." + number);
    }

    /** As {@link #host}, of IPv6. */
    static InetAddress host6(int number) {
        return address("fd00:8::" + number);
    }

    private static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
