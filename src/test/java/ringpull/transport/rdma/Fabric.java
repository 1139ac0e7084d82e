package ringpull.transport.rdma;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** The addresses of an RDMA device that tests may use: {@code RINGPULL_TEST_RDMA} names their network, such as 10.8.0. */
public final class Fabric {
    /** The environment variable; unset where there is no such device. */
    public static final String VARIABLE = "RINGPULL_TEST_RDMA";

    private Fabric() {}

    /** The address with this last number, from 1 to 3. */
    public static InetAddress host(int number) {
        try {
            return InetAddress.getByName(System.getenv(VARIABLE) + "." + number);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
