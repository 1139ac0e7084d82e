package ringpull.e2e;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The way to a registry, as a TCP relay on loopback: of what the registry answers it lets pass as many bytes as the test has
 * allowed, over all connections, and holds the rest. So that a transfer is half done for as long as a test needs it to be.
 */
final class SlowLink implements AutoCloseable {
    private static final int STEP_BYTES = 64 << 10;
    private static final int BACKLOG = 64;

    private final URI server;
    private final ServerSocket listener;
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
    private long allowedBytes;

    private SlowLink(URI server) throws IOException {
        this.server = server;
        this.listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    /** Lets nothing of its answers pass yet. */
    static SlowLink to(URI server) throws IOException {
        return new SlowLink(server);
    }

    /** Where to ask instead of the registry. */
    URI url() {
        return URI.create(server.getScheme() + "://127.0.0.1:" + listener.getLocalPort());
    }

    /** Lets this many more bytes pass. */
    synchronized void allow(long bytes) {
        allowedBytes += bytes;
        notifyAll();
    }

    /** Lets everything pass from now on. */
    void open() {
        allow(Long.MAX_VALUE >> 1);
    }

    private synchronized int take(int most) throws InterruptedException {
        while (allowedBytes == 0) {
            wait();
        }
        int share = (int) Math.min(most, allowedBytes);
        allowedBytes -= share;
        return share;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = keep(listener.accept());
                Socket onward = keep(new Socket(server.getHost(), server.getPort()));
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
            while (true) {
                int share = held ? take(STEP_BYTES) : STEP_BYTES;
                int read = in.read(step, 0, share);
                if (held) {
                    allow(share - Math.max(read, 0));
                }
                if (read < 0) {
                    return;
                }
                out.write(step, 0, read);
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
