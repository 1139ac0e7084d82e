package ringpull.helper;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import ringpull.os.UnixSocket;

/** A helper that does nothing, and says that it did: it remembers what it was asked. */
public final class WillingHelper implements AutoCloseable {
    private final UnixSocket listener;
    private final Queue<String> asked = new ConcurrentLinkedQueue<>();
    private final Set<UnixSocket> open = new HashSet<>();
    private final Thread accepting;
    private volatile String refused = "nothing";
    private volatile String problems = "\t";

    public WillingHelper(Path socket) throws IOException {
        listener = UnixSocket.listen(socket, 16);
        accepting = Thread.ofPlatform().daemon().start(this::accept);
    }

    private void accept() {
        try {
            while (true) {
                UnixSocket connection = listener.accept();
                synchronized (this) {
                    open.add(connection);
                }
                Thread.ofPlatform().daemon().start(() -> serve(connection));
            }
        } catch (IOException e) {
            // The test is over.
        }
    }

    private void serve(UnixSocket connection) {
        try {
            while (true) {
                try (UnixSocket.Message message = connection.receive()) {
                    asked.add(message.text());
                    connection.send(answer(message.text()), Optional.empty());
                }
            }
        } catch (IOException e) {
            synchronized (this) {
                open.remove(connection);
                connection.close();
            }
        }
    }

    private String answer(String line) {
        return line.startsWith(refused) ? "no not now" : line.equals("probe") ? "ok " + problems : "ok";
    }

    /** From now on it does not do what begins so. */
    public void refuse(String verb) {
        refused = verb;
    }

    /** What its kernel cannot do, from now on; empty: it can. */
    public void able(String targetProblem, String hostProblem) {
        problems = targetProblem + "\t" + hostProblem;
    }

    /** Forgets all connections, as one that was killed and started again. */
    public synchronized void restart() {
        open.forEach(UnixSocket::shutdown);
    }

    /** What it was asked since the last time, in order, without keys: the verb, and a namespace. */
    public List<String> asked() {
        List<String> all = asked.stream()
                .map(line -> line.replaceFirst(" [0-9a-f]{64}", "").replaceFirst(" [0-9a-f]{32}", ""))
                .toList();
        asked.clear();
        return all;
    }

    @Override
    public void close() {
        listener.shutdown();
        try {
            accepting.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        restart();
        listener.close();
    }
}
