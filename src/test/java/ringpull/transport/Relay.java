package ringpull.transport;

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
 * The way to a server, as a TCP relay on loopback. It lets pass as many bytes of the answers as the test has allowed, over all
 * connections, and then holds the rest, so that a transfer is half done for as long as a test needs it to be; or it breaks off.
 * Another flips bits.
 */
public final class Relay implements AutoCloseable {
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
    private boolean breaks;

    private Relay(String scheme, InetSocketAddress server, InetAddress at, boolean flips) throws IOException {
        this.scheme = scheme;
        this.server = server;
        this.flips = flips;
        this.listener = new ServerSocket(0, BACKLOG, at);
        Thread.ofVirtual().start(this::accept);
    }

    /** Lets nothing of the answers pass yet. */
    public static Relay held(URI server) throws IOException {
        return new Relay(
                server.getScheme(),
                new InetSocketAddress(server.getHost(), server.getPort()),
                InetAddress.getLoopbackAddress(),
                false);
    }

    /** Lets everything pass. */
    public static Relay open(InetSocketAddress server) throws IOException {
        Relay relay = new Relay("http", server, InetAddress.getLoopbackAddress(), false);
        relay.open();
        return relay;
    }

    /** At the server's own address; lets all pass, but for one bit in each MiB of the answers, which is another. */
    public static Relay flipping(InetSocketAddress server) throws IOException {
        Relay relay = new Relay("http", server, server.getAddress(), true);
        relay.open();
        return relay;
    }

    /** Where to ask instead of the server. */
    public URI url() {
        return URI.create(scheme + "://127.0.0.1:" + port());
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Lets this many more bytes pass. */
    public synchronized void allow(long bytes) {
        allowedBytes += bytes;
        notifyAll();
    }

    /** Lets nothing more pass. */
    public synchronized void hold() {
        allowedBytes = 0;
    }

    /** Lets this many more bytes pass, and no others. */
    public synchronized void holdAfter(long bytes) {
        allowedBytes = bytes;
    }

    /** Lets this many more bytes pass, and then closes each connection whose answer goes on. */
    public synchronized void breakAfter(long bytes) {
        allowedBytes = bytes;
        breaks = true;
    }

    /** Lets everything pass from now on. */
    public void open() {
        allow(Long.MAX_VALUE >> 1);
    }

    /** Bytes of answers that have passed so far: unlike what the server has sent, without those that wait in its buffers. */
    public synchronized long passed() {
        return passedBytes;
    }

    private synchronized int take(int most) throws InterruptedException, IOException {
        while (allowedBytes == 0) {
            if (breaks) {
                throw new IOException("broken off, as it was asked to be");
            }
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
                Thread.ofVirtual().start(() -> serve(client));
            }
        } catch (IOException e) {
            close();
        }
    }

    private void serve(Socket client) {
        try {
            Socket onward = keep(new Socket(server.getAddress(), server.getPort()));
            Thread.ofVirtual().start(() -> pass(client, onward, false));
            pass(onward, client, true);
        } catch (IOException e) {
            closeQuietly(client); // the server refuses, and so do we
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Socket keep(Socket socket) {
        sockets.add(socket);
        return socket;
    }

    private void pass(Socket from, Socket to, boolean answers) {
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
                if (answers && flips && flipped < read) {
                    step[flipped] ^= 1;
                }
                for (int sent = 0; sent < read; ) {
                    // Taken when there is something to send: an idle connection must not keep what it would be allowed.
                    int share = answers ? take(read - sent) : read;
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
        synchronized (this) {
            breakAfter(0);
            notifyAll();
        }
        try {
            listener.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        sockets.forEach(Relay::closeQuietly);
    }
}
