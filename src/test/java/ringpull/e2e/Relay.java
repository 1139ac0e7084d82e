package ringpull.e2e;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The way to a server, as a TCP relay on loopback. One holds what the server answers: it lets pass as many bytes as the test has
 * allowed, over all connections, so that a transfer is half done for as long as a test needs it to be. Another flips bits in it.
 */
final class Relay implements AutoCloseable {
    private static final int STEP_BYTES = 64 << 10;
    private static final int BACKLOG = 64;

    /** Where a bit is flipped in each MiB of a connection; far behind the head of an answer that begins there. */
    private static final int FLIPPED_AT = 500_000;

    private static final int FLIPPED_EVERY = 1 << 20;

    private final String scheme;
    private final InetSocketAddress server;
    private final boolean flips;
    private final ServerSocket listener;
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
    private long allowedBytes;
    private long passedBytes;

    private Relay(String scheme, InetSocketAddress server, InetAddress at, boolean flips) throws IOException {
        this.scheme = scheme;
        this.server = server;
        this.flips = flips;
        this.listener = new ServerSocket(0, BACKLOG, at);
        Thread.ofVirtual().start(this::accept);
    }

    /** Lets nothing of the answers pass yet. */
    static Relay held(URI server) throws IOException {
        return new Relay(
                server.getScheme(),
                new InetSocketAddress(server.getHost(), server.getPort()),
                InetAddress.getLoopbackAddress(),
                false);
    }

    /** At the server's own address; lets all pass, but for one bit in each MiB of the answers, which is another. */
    static Relay flipping(InetSocketAddress server) throws IOException {
        Relay relay = new Relay("http", server, server.getAddress(), true);
        relay.open();
        return relay;
    }

    /** Where to ask instead of the server. */
    URI url() {
        return URI.create(scheme + "://127.0.0.1:" + port());
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Lets this many more bytes pass. */
    synchronized void allow(long bytes) {
        allowedBytes += bytes;
        notifyAll();
    }

    /** Lets nothing more pass. */
    synchronized void hold() {
        allowedBytes = 0;
    }

    /** Lets everything pass from now on. */
    void open() {
        allow(Long.MAX_VALUE >> 1);
    }

    /** Bytes of answers that have passed so far: unlike what the server has sent, without those that wait in its buffers. */
    synchronized long passed() {
        return passedBytes;
    }

    private synchronized int take(int most) throws InterruptedException {
        while (allowedBytes == 0) {
            wait();
        }
        int share = (int) Math.min(most, allowedBytes);
        allowedBytes -= share;
        passedBytes += share;
        return share;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = keep(listener.accept());
                Socket onward = keep(new Socket(server.getAddress(), server.getPort()));
                Thread.ofVirtual().start(() -> pass(client, onward, false));
                Thread.ofVirtual().start(() -> pass(onward, client, true));
            }
        } catch (IOException e) {
            close();
        }
    }

    private Socket keep(Socket socket) {
        sockets.add(socket);
        return socket;
    }

    private void pass(Socket from, Socket to, boolean held) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] step = new byte[STEP_BYTES];
            long passed = 0;
            while (true) {
                int read = in.read(step);
                if (read < 0) {
                    return;
                }
                int flipped = Math.floorMod(FLIPPED_AT - passed, FLIPPED_EVERY);
                if (held && flips && flipped < read) {
                    step[flipped] ^= 1;
                }
                for (int sent = 0; sent < read; ) {
                    // Taken when there is something to send: an idle connection must not keep what it would be allowed.
                    int share = held ? take(read - sent) : read;
                    out.write(step, sent, share);
                    sent += share;
                }
                passed += read;
            }
        } catch (IOException e) {
            // Either end went, and so does the other.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
