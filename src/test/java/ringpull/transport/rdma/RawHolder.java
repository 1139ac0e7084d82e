package ringpull.transport.rdma;

import com.ibm.disni.verbs.IbvMr;
import com.ibm.disni.verbs.IbvPd;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringpull.transport.Await;
import ringpull.transport.session.Session;

/** A holder's end of one connection that says what it is told, and nothing else. Its memory is a chunk long. */
final class RawHolder implements AutoCloseable, Link.Listener {
    private static final Duration CEILING = Duration.ofSeconds(20);

    private final Session session;
    private final Closing closing = new Closing();
    private final Endpoint listening = new Endpoint();
    private final Memory memory = new Memory(1);
    private final int[] keys = new int[2];
    private final List<Message.Ask> asks = new ArrayList<>();
    private @Nullable Endpoint connection;
    private @Nullable Link link;

    RawHolder(Session session) throws IOException {
        this.session = session;
        listening.bind(Fabric.host(1), 0);
        listening.listen(1);
    }

    InetSocketAddress address() throws IOException {
        return new InetSocketAddress(Fabric.host(1), listening.localPort());
    }

    /** Lets the next reader in, and waits until it has asked for a range. */
    Message.Ask accept() throws IOException, InterruptedException {
        CmEvent request = listening.next((int) CEILING.toMillis()).orElseThrow();
        Endpoint endpoint = new Endpoint();
        connection = endpoint;
        closing.step("endpoint", endpoint::close);
        endpoint.adopt(request.id());
        IbvPd domain = Rail.domain(endpoint, closing);
        long registration = Rail.register(domain, memory.address(), memory.bytes(), IbvMr.IBV_ACCESS_REMOTE_READ, keys);
        closing.step("memory", () -> Native.deregister(registration));
        Link made = new Link(endpoint, domain);
        link = made;
        closing.step("link", made::close);
        Handshake.Visitor visitor = Handshake.Visitor.of(request.privateData()).orElseThrow();
        endpoint.accept(new Handshake.Welcome(session, visitor).data(), Deadline.in(CEILING));
        Await.until("a range is asked for", () -> pump() && !asks.isEmpty());
        return asks.getFirst();
    }

    /** Its memory as the piece of a range that begins there. */
    Message.Piece piece(Message.Ask ask, long offset, int length, int leaseMillis) {
        return new Message.Piece(ask.number(), offset, length, memory.address(), keys[1], 0, 1, leaseMillis);
    }

    void send(Message message) throws IOException {
        if (link != null) {
            link.send(message);
        }
    }

    /** Takes what came; false if the connection is over. */
    boolean pump() {
        return link != null && RawReader.pump(link, this);
    }

    void awaitEnd() throws InterruptedException {
        Await.until("the reader ends the connection", () -> !pump());
    }

    @Override
    public void received(Message message) {
        if (message instanceof Message.Ask ask) {
            asks.add(ask);
        }
    }

    @Override
    public void fetched(int token) {
        throw new AssertionError("a holder fetches nothing");
    }

    @Override
    public void close() throws IOException {
        if (connection != null) {
            connection.disconnect();
        }
        closing.close();
        listening.close();
        memory.close();
    }
}
