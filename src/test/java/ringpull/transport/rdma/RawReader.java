package ringpull.transport.rdma;

import com.ibm.disni.verbs.IbvPd;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.Await;
import ringpull.transport.session.Session;

/** A reader's end of a connection that does what it is told, and nothing else. */
final class RawReader implements AutoCloseable, Link.Listener {
    private final Closing closing = new Closing();
    private final Endpoint endpoint = new Endpoint();
    private final Link link;
    private final Handshake.Proofs proofs;
    private final Memory memory = new Memory(1);
    private final int[] keys = new int[2];
    private final List<Message.Piece> pieces = new ArrayList<>();
    private final List<Message.Refuse> refusals = new ArrayList<>();
    private final AtomicInteger fetched = new AtomicInteger();

    RawReader(RdmaFixture holder, Session session) throws IOException {
        Deadline deadline = Deadline.in(Duration.ofSeconds(20));
        closing.step("endpoint", endpoint::close);
        endpoint.resolve(Fabric.host(3), holder.holder(), deadline);
        IbvPd domain = Rail.domain(endpoint, closing);
        long registration = Rail.register(domain, memory.address(), memory.bytes(), 1, keys);
        closing.step("memory", () -> Native.deregister(registration));
        link = new Link(endpoint, domain);
        closing.step("link", link::close);
        Handshake.Knock knock = new Handshake.Knock(session);
        proofs = knock.welcomed(endpoint.connect(knock.data(), deadline)).orElseThrow();
    }

    void send(Message message) throws IOException {
        link.send(message);
    }

    /** For the next range that is asked for. */
    byte[] proof(Digest blob, ByteRange range) {
        return proofs.next(blob, range);
    }

    void ask(int number, Digest blob, ByteRange range) throws IOException {
        send(new Message.Ask(number, blob, range, proof(blob, range)));
    }

    /** Takes what came; false if the connection is over. */
    boolean pump() {
        return pump(link, this);
    }

    static boolean pump(Link link, Link.Listener listener) {
        try {
            if (!link.poll(listener)) {
                link.arm();
                if (!link.poll(listener)) {
                    link.await(20);
                }
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    boolean fetch(Message.Piece piece) throws IOException, InterruptedException {
        link.read(memory.address(), keys[0], piece, 1);
        Await.until("a READ", () -> !pump() || fetched.get() == 1);
        return fetched.get() == 1;
    }

    void awaitEnd() throws InterruptedException {
        Await.until("the holder ends the connection", () -> !pump());
    }

    List<Message.Piece> pieces() {
        return pieces;
    }

    List<Message.Refuse> refusals() {
        return refusals;
    }

    @Override
    public void received(Message message) {
        if (message instanceof Message.Piece piece) {
            pieces.add(piece);
        } else if (message instanceof Message.Refuse refusal) {
            refusals.add(refusal);
        }
    }

    @Override
    public void fetched(int token) {
        fetched.incrementAndGet();
    }

    @Override
    public void close() throws IOException {
        endpoint.disconnect();
        closing.close();
        memory.close();
    }
}
