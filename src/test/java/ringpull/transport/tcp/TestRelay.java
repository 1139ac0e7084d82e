package ringpull.transport.tcp;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;

/** Passes connections on to a server, and breaks off or stands still after so many bytes of a connection's answers. */
final class TestRelay implements AutoCloseable {
    private static final int STEP_BYTES = 64 << 10;

    private final ServerSocket listener;
    private final InetSocketAddress server;
    private final Queue<Socket> open = new ConcurrentLinkedQueue<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile long limitBytes = Long.MAX_VALUE;
    private volatile boolean holds;

    TestRelay(InetSocketAddress server) throws IOException {
        this.server = server;
        this.listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    void breakAfter(long bytes) {
        limitBytes = bytes;
    }

    void holdAfter(long bytes) {
        holds = true;
        limitBytes = bytes;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                open.add(client);
                Socket onward = new Socket(server.getAddress(), server.getPort());
                open.add(onward);
                Thread.ofVirtual().start(() -> pass(client, onward, false));
                Thread.ofVirtual().start(() -> pass(onward, client, true));
            }
        } catch (IOException e) {
            close();
        }
    }

    private void pass(Socket from, Socket to, boolean limited) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] step = new byte[STEP_BYTES];
            long passed = 0;
            for (int read = in.read(step); read >= 0; read = in.read(step)) {
                out.write(step, 0, read);
                passed += read;
                if (limited && passed >= limitBytes) {
                    if (holds) {
                        closed.await();
                    }
                    return;
                }
            }
        } catch (IOException | InterruptedException e) {
            // Either end went: so does the other.
        }
    }

    @Override
    public void close() {
        closed.countDown();
        try {
            listener.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
