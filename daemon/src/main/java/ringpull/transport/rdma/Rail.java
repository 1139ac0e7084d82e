package ringpull.transport.rdma;

import com.ibm.disni.verbs.IbvMr;
import com.ibm.disni.verbs.IbvPd;
import com.ibm.disni.verbs.RdmaVerbs;
import com.ibm.disni.verbs.impl.NatObject;
import java.io.IOException;
import java.net.InetAddress;

/**
 * An address of this host on an RDMA device, and the landing memory as that device knows it: the device alone may write
 * there, no peer. For any thread.
 */
final class Rail implements AutoCloseable {
    private final InetAddress address;
    private final Closing closing = new Closing();
    private final IbvPd domain;
    private final Port port;
    private final int key;

    /** @throws IOException if no device has this address, or not so much memory may be pinned */
    Rail(InetAddress address, Memory landing) throws IOException {
        this.address = address;
        try {
            // It holds the device while nothing else does.
            Endpoint anchor = new Endpoint();
            closing.step("anchor", anchor::close);
            anchor.bind(address, 0);
            domain = domain(anchor, closing);
            port = Port.of(anchor);
            // Of several rails the first one chooses: what is registered does not move.
            boolean _ = Native.near(anchor.number(), landing.address(), landing.bytes());
            int[] keys = new int[2];
            long registration =
                    register(domain, landing.address(), landing.bytes(), IbvMr.IBV_ACCESS_LOCAL_WRITE, keys);
            closing.step("landing memory", () -> Native.deregister(registration));
            key = keys[0];
        } catch (IOException | RuntimeException e) {
            closing.close();
            throw e;
        }
    }

    /** A new protection domain on the device that an endpoint is bound to. */
    static IbvPd domain(Endpoint endpoint, Closing closing) throws IOException {
        IbvPd made = endpoint.id().getVerbs().allocPd();
        RdmaVerbs verbs = RdmaVerbs.open();
        closing.add("protection domain", () -> verbs.deallocPd(made));
        return made;
    }

    static long register(IbvPd domain, long address, long bytes, int access, int[] keys) throws IOException {
        try {
            return Native.register(((NatObject) domain).getObjId(), address, bytes, access, keys);
        } catch (IOException e) {
            throw new IOException(
                    e.getMessage() + " (" + (bytes >> 20)
                            + " MiB; is the limit of locked memory, LimitMEMLOCK= in the unit, high enough?)",
                    e);
        }
    }

    InetAddress address() {
        return address;
    }

    IbvPd domain() {
        return domain;
    }

    /** As it was when this was made. */
    Port port() {
        return port;
    }

    /** The landing memory's local key. */
    int key() {
        return key;
    }

    /** When no connection uses it any more. */
    @Override
    public void close() {
        closing.close();
    }
}
