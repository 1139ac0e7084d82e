package ringpull.helper;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import ringpull.os.Descriptor;
import ringpull.os.UnixSocket;

/** A connection to the helper. What it made in the kernel goes when it is closed. One call at a time; calls block. */
public final class HelperClient implements AutoCloseable {
    static final String OK = "ok";
    static final String NO = "no";

    /** A helper that lives lets in at once. */
    private static final Duration CONNECT_WAIT = Duration.ofSeconds(5);

    private final UnixSocket socket;
    private boolean broken;

    private HelperClient(UnixSocket socket) {
        this.socket = socket;
    }

    /** @throws IOException with a sentence, if nobody listens there, or lets this one in */
    public static HelperClient connect(Path path) throws IOException {
        return new HelperClient(UnixSocket.connect(path, CONNECT_WAIT));
    }

    /** The helper could not do what it was asked; it says why, and the connection is as good as before. */
    public static final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        private Refused(String why) {
            super(why);
        }
    }

    /**
     * What this host can do.
     *
     * @param targetProblem why other nodes cannot read from it; empty: they can
     * @param hostProblem why it cannot read from others; empty: it can
     */
    public record Abilities(String targetProblem, String hostProblem) {
        public boolean target() {
            return targetProblem.isEmpty();
        }

        public boolean host() {
            return hostProblem.isEmpty();
        }
    }

    public Abilities probe(Duration wait) throws IOException {
        try (UnixSocket.Message answer = exchange(new Request.Probe(), Optional.empty(), wait)) {
            String[] problems = answer.text().replaceFirst("^" + OK + " ", "").split("\t", -1);
            if (problems.length != 2) {
                throw new IOException("the helper is of another version: restart it");
            }
            return new Abilities(problems[0], problems[1]);
        }
    }

    /** Asks for what has no answer but that it is done. */
    public void ask(Request request, Duration wait) throws IOException {
        exchange(request, Optional.empty(), wait).close();
    }

    /** The same with a file; it stays the caller's. */
    public void ask(Request.Export request, Descriptor file, Duration wait) throws IOException {
        exchange(request, Optional.of(file), wait).close();
    }

    /**
     * Has containerd forget wrong bytes of a blob.
     *
     * @param blob open for reading; it stays the caller's
     * @return how many ingests are gone
     */
    public int ask(Request.Abort request, Descriptor blob, Duration wait) throws IOException {
        try (UnixSocket.Message answer = exchange(request, Optional.of(blob), wait)) {
            return Integer.parseInt(answer.text().substring(OK.length()).strip());
        } catch (NumberFormatException e) {
            throw new IOException("the helper is of another version: restart it", e);
        }
    }

    /** Asks for a device; the caller closes it. */
    public Descriptor ask(Request.Open request, Duration wait) throws IOException {
        return exchange(request, Optional.empty(), wait)
                .file()
                .orElseThrow(() -> new IOException("the helper opened nothing"));
    }

    private synchronized UnixSocket.Message exchange(Request request, Optional<Descriptor> file, Duration wait)
            throws IOException {
        if (broken) {
            throw new IOException("the connection to the helper is gone");
        }
        UnixSocket.Message answer;
        try {
            socket.timeout(wait);
            socket.send(request.line(), file);
            answer = socket.receive();
        } catch (IOException e) {
            // A late answer would pass for the next one's.
            broken = true;
            throw new IOException("the helper did not answer, and may have logged why: " + e.getMessage(), e);
        }
        if (answer.text().equals(OK) || answer.text().startsWith(OK + " ")) {
            return answer;
        }
        answer.close();
        throw new Refused(answer.text().replaceFirst("^" + NO + " ", ""));
    }

    /** Whether it can be asked no more: what it made is gone, or goes now. */
    public synchronized boolean isBroken() {
        return broken;
    }

    /** Breaks off a call that waits. */
    @Override
    public void close() {
        socket.shutdown();
        synchronized (this) {
            broken = true;
            socket.close();
        }
    }
}
