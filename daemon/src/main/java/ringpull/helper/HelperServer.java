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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.containerd.Recall;
import ringpull.os.Descriptor;
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
    private static final int CONNECTIONS_MAX = 256;
    private static final int BACKLOG = 64;
    private static final int ROOT = 0;
    private static final int REASON_CHARS_MAX = 500;
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
        new Nvmet().sweep();
        new Controllers().sweep();
    }

    private void accept() {
        try {
            while (true) {
                UnixSocket connection = listener.accept();
                synchronized (this) {
                    if (closed || open.size() >= CONNECTIONS_MAX || !allowed(connection)) {
                        connection.close();
                        continue;
                    }
                    open.add(connection);
                }
                Thread.ofPlatform().name("connection").start(() -> serve(connection));
            }
        } catch (IOException e) {
            synchronized (this) {
                if (!closed) {
                    log.error("no more connections: {}", e.toString());
                }
            }
        }
    }

    private boolean allowed(UnixSocket connection) throws IOException {
        UnixSocket.Peer peer = connection.peer();
        if (peer.uid() == user || peer.uid() == ROOT) {
            return true;
        }
        log.warn("refused pid {} of uid {}: not the daemon's user", peer.pid(), peer.uid());
        return false;
    }

    private void serve(UnixSocket connection) {
        try (Conversation conversation = new Conversation()) {
            while (true) {
                UnixSocket.Message message = connection.receive();
                Answer answer;
                try (Answer.Beside file = new Answer.Beside(message.file())) {
                    answer = conversation.answer(message.text(), file.file());
                }
                try (Answer.Beside file = new Answer.Beside(answer.file())) {
                    connection.send(answer.line(), file.file());
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

    /** What came of a request: a word and, for some, an open file. */
    private record Answer(String line, Optional<Descriptor> file) {
        static Answer ok(String more) {
            return new Answer(more.isEmpty() ? HelperClient.OK : HelperClient.OK + " " + more, Optional.empty());
        }

        static Answer refused(@Nullable String why) {
            String line = String.valueOf(why).replace('\n', ' ');
            return new Answer(
                    HelperClient.NO + " " + line.substring(0, Math.min(line.length(), REASON_CHARS_MAX)),
                    Optional.empty());
        }

        record Beside(Optional<Descriptor> file) implements AutoCloseable {
            @Override
            public void close() {
                file.ifPresent(Descriptor::close);
            }
        }
    }

    private interface Check {
        void run() throws IOException;
    }

    private static String problem(Check check) {
        try {
            check.run();
            return "";
        } catch (IOException e) {
            log.info("{}", e.getMessage());
            return String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
        }
    }

    /** One connection: a target, or a controller, once it said which. */
    private final class Conversation implements AutoCloseable {
        private @Nullable Target target;
        private Controllers.@Nullable Controller controller;

        Answer answer(String line, Optional<Descriptor> file) {
            try {
                Request request = Request.parse(line);
                if (file.isPresent() != (request instanceof Request.Export || request instanceof Request.Abort)) {
                    throw new IllegalArgumentException(
                            "a file is given with an export or an abort, and with nothing else");
                }
                return answer(request, file);
            } catch (IOException | IllegalArgumentException e) {
                log.info("refused: {}", e.getMessage());
                return Answer.refused(e.getMessage());
            }
        }

        private Answer answer(Request request, Optional<Descriptor> file) throws IOException {
            switch (request) {
                case Request.Probe r -> {
                    return Answer.ok(probe());
                }
                case Request.Listen r -> {
                    mustBeNew();
                    target = new Target(nvmet, r.endpoint());
                }
                case Request.Export r -> target().export(r, file);
                case Request.Withdraw r -> target().withdraw(r);
                case Request.Dismiss r -> target().dismiss(r);
                case Request.Abort r -> {
                    return Answer.ok(Integer.toString(abort(r, file.orElseThrow())));
                }
                case Request.Connect r -> {
                    mustBeNew();
                    controller = controllers.connect(r);
                }
                case Request.Open r -> {
                    Controllers.Controller connected = controller;
                    if (connected == null) {
                        throw new IllegalArgumentException("this connection is no controller");
                    }
                    return new Answer(HelperClient.OK, Optional.of(connected.open(r.namespace())));
                }
            }
            return Answer.ok("");
        }

        private int abort(Request.Abort request, Descriptor file) throws IOException {
            if (!file.isFile()) {
                throw new IllegalArgumentException("an abort is given a plain file");
            }
            int gone = recall.of(request.digest(), file::fill);
            log.info("threw away {} of containerd's ingests of {}: they held other bytes", gone, request.digest());
            return gone;
        }

        /** Why not a target, a tab, and why not a host; nothing where it can. */
        private String probe() {
            String target = problem(() -> {
                synchronized (nvmet) {
                    nvmet.check();
                }
            });
            return target + "\t" + problem(controllers::check);
        }

        private void mustBeNew() {
            if (target != null || controller != null) {
                throw new IllegalArgumentException("this connection is a target or a controller already");
            }
        }

        private Target target() {
            Target mine = target;
            if (mine == null) {
                throw new IllegalArgumentException("this connection is no target");
            }
            return mine;
        }

        @Override
        public void close() {
            if (target != null) {
                target.close();
            }
            if (controller != null) {
                controller.close();
            }
        }
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
