package ringpull.transport.session;

import java.io.IOException;
import java.net.InetSocketAddress;

/** What a reader learns about holders, by their data addresses, through the ring's control channel. For any thread. */
public interface Admission {
    /** Where no data port wants a session: all speak TLS, or there are no certificates. */
    Admission NONE = new Admission() {
        @Override
        public boolean isPlain(InetSocketAddress holder) {
            return false;
        }

        @Override
        public boolean offersRdma(InetSocketAddress holder) {
            return false;
        }

        @Override
        public Session ask(InetSocketAddress holder) throws IOException {
            throw new IOException(holder + " is not known to want a session");
        }
    };

    /** Whether this holder announces that its data port is plain text for those that have a session with it. */
    boolean isPlain(InetSocketAddress holder);

    /** Whether this holder announces that it serves those with a session over RDMA as well; its sessions say where. */
    boolean offersRdma(InetSocketAddress holder);

    /**
     * Asks the holder for a session; blocks for some seconds at most.
     *
     * @throws IOException with a sentence, if it does not answer or refuses
     */
    Session ask(InetSocketAddress holder) throws IOException, InterruptedException;
}
