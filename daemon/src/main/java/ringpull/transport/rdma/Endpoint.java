package ringpull.transport.rdma;

import com.ibm.disni.verbs.RdmaCm;
import com.ibm.disni.verbs.RdmaCmId;
import com.ibm.disni.verbs.RdmaEventChannel;
import com.ibm.disni.verbs.impl.NatObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/** A connection id with an event channel of its own. Used by one thread. */
final class Endpoint implements AutoCloseable {
    private static final int RETRIES = 7;

    private final Closing closing = new Closing();
    private final RdmaEventChannel channel;
    private final RdmaCmId id;
    private final CmEvent.Reader events;

    Endpoint() throws IOException {
        try {
            channel = RdmaEventChannel.createEventChannel();
            closing.add("event channel", channel::destroyEventChannel);
            id = channel.createId(RdmaCm.RDMA_PS_TCP);
            closing.add("connection", id::destroyId);
            events = new CmEvent.Reader(number(channel));
        } catch (IOException | RuntimeException e) {
            closing.close();
            throw e;
        }
    }

    /** The other end rejected the connection. */
    static final class Rejected extends IOException {
        private static final long serialVersionUID = 1;

        private final Optional<Handshake.Rejection> why;

        Rejected(String message, Optional<Handshake.Rejection> why) {
            super(message);
            this.why = why;
        }

        /** Nothing: nobody of this version listens there. */
        Optional<Handshake.Rejection> why() {
            return why;
        }
    }

    static long number(Object disni) {
        return ((NatObject) disni).getObjId();
    }

    RdmaCmId id() {
        return id;
    }

    long number() {
        return number(id);
    }

    long channelNumber() {
        return number(channel);
    }

    /** Binds an address of this host, which chooses the device. */
    void bind(InetAddress address, int port) throws IOException {
        Native.bind(number(), address.getAddress(), port);
    }

    void listen(int backlog) throws IOException {
        id.listen(backlog);
    }

    int localPort() throws IOException {
        return Native.localPort(number());
    }

    /** Finds the way to an address, from one of this host. */
    void resolve(InetAddress from, InetSocketAddress to, Deadline deadline) throws IOException {
        byte[] target = to.getAddress().getAddress();
        Native.resolveAddress(number(), from.getAddress(), target, to.getPort(), deadline.millis());
        expect(CmEvent.ADDRESS_RESOLVED, deadline);
        id.resolveRoute(deadline.millis());
        expect(CmEvent.ROUTE_RESOLVED, deadline);
    }

    /** Connects; what the other end says when it accepts. The queue pair must be there. */
    byte[] connect(byte[] knock, Deadline deadline) throws IOException {
        Native.connect(number(), RETRIES, RETRIES, knock);
        return expect(CmEvent.ESTABLISHED, deadline).privateData();
    }

    /** Becomes the connection that another channel had a request for. */
    void adopt(long request) throws IOException {
        Native.adopt(number(), request);
    }

    InetAddress remote() throws IOException {
        return InetAddress.getByAddress(Native.remoteAddress(number()));
    }

    void accept(byte[] welcome, Deadline deadline) throws IOException {
        Native.accept(number(), RETRIES, RETRIES, welcome);
        expect(CmEvent.ESTABLISHED, deadline);
    }

    private CmEvent expect(int type, Deadline deadline) throws IOException {
        Optional<CmEvent> next = Optional.empty();
        while (next.isEmpty()) {
            int left = deadline.millis();
            if (left == 0) {
                throw new Silence("no answer within " + deadline.limit().toMillis() + " ms");
            }
            next = events.next(left);
        }
        CmEvent event = next.get();
        if (event.type() == CmEvent.REJECTED) {
            Optional<Handshake.Rejection> why = Handshake.rejectedFor(event.privateData());
            throw new Rejected(
                    why.map(w -> "connection refused: " + w).orElse("nobody serves RDMA there: " + event), why);
        }
        if (event.type() != type) {
            throw event.status() == CmEvent.TIMED_OUT
                    ? new Silence(event.toString())
                    : new IOException(event.toString());
        }
        return event;
    }

    /** The next event, from a listening channel; nothing when the time is over or it was woken. */
    Optional<CmEvent> next(int millis) throws IOException {
        return events.next(millis);
    }

    /** Takes an event that waits, and throws if the connection is over with it. */
    void refuseEnd() throws IOException {
        Optional<CmEvent> event = events.next(0);
        if (event.isPresent() && event.get().ends()) {
            throw new IOException(event.get().toString());
        }
    }

    /** Tells the other end that this is over; it need not be there any more. */
    void disconnect() throws IOException {
        id.disconnect();
    }

    /** Ends a wait in {@link #next}; from any thread. */
    Runnable waker() {
        long number = channelNumber();
        return () -> Native.wakeEvents(number);
    }

    @Override
    public void close() {
        closing.close();
    }
}
