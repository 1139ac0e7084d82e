package ringpull.helper;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.containerd.Recall;
import ringpull.os.NativeLibraries;
import ringpull.os.Systemd;
import ringpull.os.UnixSocket;

/**
 * The process with root's rights. It listens on a Unix socket for the daemon's user and root alone, and does what a {@link
 * Request} says: nothing else can be asked of it. What a connection made in the kernel goes with it, and what an earlier
 * helper left goes at the start.
 */
public final class HelperServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HelperServer.class);
    static final int CONNECTIONS_MAX = 256;
    private static final int BACKLOG = 64;
    private static final int ROOT = 0;
    /** The kernel waits for a minute for a target that does not answer; the next helper's sweep does the rest. */
    private static final Duration STOP_WAIT = Duration.ofSeconds(15);

    private final UnixSocket listener;
    private final int user;
    private final Recall recall;
    private final Nvmet nvmet = new Nvmet();
    private final Controllers controllers = new Controllers();
    private final Set<UnixSocket> open = new HashSet<>();
    private final Systemd systemd = new Systemd(System.getenv());
    private final Thread accepting;
    private boolean closed;

    private HelperServer(UnixSocket listener, int user, Recall recall) {
        this.listener = listener;
        this.user = user;
        this.recall = recall;
        this.accepting = Thread.ofPlatform().name("accept").start(this::accept);
    }

    /**
     * Removes what an earlier helper left, and serves from now on.
     *
     * @param socket in a directory that only root may write
     * @param user the daemon's
     * @param recall with the containerd that it may be asked about
     * @throws IOException with a sentence, if that cannot be
     */
    public static HelperServer start(Path socket, String user, Recall recall) throws IOException {
        Optional.ofNullable(System.getenv("STATE_DIRECTORY")).ifPresent(own -> NativeLibraries.unpackTo(Path.of(own)));
        sweep();
        UnixSocket listener = UnixSocket.listen(socket, BACKLOG);
        try {
            UserPrincipal owner =
                    socket.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(user);
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            Files.setOwner(socket, owner);
            HelperServer server = new HelperServer(listener, (Integer) Files.getAttribute(socket, "unix:uid"), recall);
            server.systemd.ready("listening at " + socket);
            return server;
        } catch (UserPrincipalNotFoundException e) {
            listener.close();
            throw new IOException("there is no user " + user + " to give the socket " + socket + " to", e);
        } catch (IOException | RuntimeException e) {
            listener.close();
            throw new IOException("the socket " + socket + " cannot be given to user " + user + ": " + e, e);
        }
    }

    /** Takes away everything of ours in the kernel, whoever made it. */
    public static void sweep() throws IOException {
        // In this order: a host that takes leave of a target that has gone waits for a minute.
        new Controllers().sweep();
        new Nvmet().sweep();
    }

    private void accept() {
        try {
            while (true) {
                admit(listener.accept());
            }
        } catch (IOException e) {
            synchronized (this) {
                if (!closed) {
                    log.error("no more connections: {}", e.toString());
                }
            }
        }
    }

    private void admit(UnixSocket connection) {
        synchronized (this) {
            if (closed || !allowed(connection)) {
                connection.close();
                return;
            }
            open.add(connection);
        }
        Thread.ofPlatform().name("connection").start(() -> serve(connection));
    }

    private boolean allowed(UnixSocket connection) {
        try {
            UnixSocket.Peer peer = connection.peer();
            if (peer.uid() != user && peer.uid() != ROOT) {
                log.warn("refused pid {} of uid {}: not the daemon's user", peer.pid(), peer.uid());
            } else if (open.size() >= CONNECTIONS_MAX) {
                log.warn("refused pid {}: {} connections are open, and no more may be", peer.pid(), open.size());
            } else {
                return true;
            }
        } catch (IOException e) {
            log.warn("refused: {}", e.toString());
        }
        return false;
    }

    private void serve(UnixSocket connection) {
        try (Conversation conversation = new Conversation(nvmet, controllers, recall)) {
            while (true) {
                try (Conversation.Answer answer = next(connection, conversation)) {
                    connection.send(answer.line(), answer.file());
                }
            }
        } catch (EOFException e) {
            log.debug("a connection ended");
        } catch (IOException e) {
            log.warn("a connection broke: {}", e.toString());
        } finally {
            synchronized (this) {
                open.remove(connection);
                connection.close();
                notifyAll();
            }
        }
    }

    private static Conversation.Answer next(UnixSocket connection, Conversation conversation) throws IOException {
        try (UnixSocket.Message message = connection.receive()) {
            return conversation.answer(message.text(), message.file());
        } catch (UnixSocket.Unfit e) {
            return Conversation.Answer.refused(e.getMessage());
        }
    }

    /** Returns when nobody can connect any more: after {@link #close}, or because the kernel lets nobody. */
    public void await() throws InterruptedException {
        accepting.join();
    }

    /** Ends every connection, and waits for a while until what they made is gone. */
    @Override
    public void close() {
        systemd.stopping("taking away what is shown");
        synchronized (this) {
            closed = true;
            open.forEach(UnixSocket::shutdown);
        }
        listener.shutdown();
        try {
            accepting.join();
            synchronized (this) {
                long deadline = System.nanoTime() + STOP_WAIT.toNanos();
                for (long left = STOP_WAIT.toNanos(); left > 0 && !open.isEmpty(); ) {
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                    left = deadline - System.nanoTime();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        listener.close();
    }
}
