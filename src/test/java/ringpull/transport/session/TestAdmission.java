package ringpull.transport.session;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;

/** Says of every holder that it is plain and has RDMA, gives what a function makes, and counts. */
public final class TestAdmission implements Admission {
    /** What a holder gives. */
    @FunctionalInterface
    public interface Giver {
        Session give(InetSocketAddress holder) throws IOException;
    }

    private final Giver giver;
    private final AtomicInteger asked = new AtomicInteger();

    public TestAdmission(Giver giver) {
        this.giver = giver;
    }

    public int asked() {
        return asked.get();
    }

    @Override
    public boolean isPlain(InetSocketAddress holder) {
        return true;
    }

    @Override
    public boolean offersRdma(InetSocketAddress holder) {
        return true;
    }

    @Override
    public Session ask(InetSocketAddress holder) throws IOException {
        asked.incrementAndGet();
        return giver.give(holder);
    }
}
