package ringpull.transport.tcp;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;

/** Says of every holder that it is plain, gives what a function makes, and counts. */
final class TestAdmission implements Admission {
    /** What a holder gives. */
    @FunctionalInterface
    interface Giver {
        Session give(InetSocketAddress holder) throws IOException;
    }

    private final Giver giver;
    private final AtomicInteger asked = new AtomicInteger();

    TestAdmission(Giver giver) {
        this.giver = giver;
    }

    int asked() {
        return asked.get();
    }

    @Override
    public boolean isPlain(InetSocketAddress holder) {
        return true;
    }

    @Override
    public Session ask(InetSocketAddress holder) throws IOException {
        asked.incrementAndGet();
        return giver.give(holder);
    }
}
