package ringpull.helper;

import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.os.Descriptor;

/** What one connection shows to readers; gone when it ends. Targets share the kernel's tree, and take turns at it. */
final class Target implements AutoCloseable {
    /** Of a namespace; a tail beyond a multiple of it would be cut off in silence. */
    static final int BLOCK_BYTES = 4096;

    static final int SESSIONS_MAX = 1024;
    static final int NAMESPACES_PER_SESSION_MAX = 256;

    private static final Logger log = LoggerFactory.getLogger(Target.class);

    private final Nvmet nvmet;
    private final Endpoint endpoint;
    private final Path port;
    private final Map<Request.Session, Reader> readers = new HashMap<>();

    /** The numbers of its namespaces, by name. */
    private record Reader(Map<UUID, Integer> numbers, BitSet taken) {
        Reader() {
            this(new HashMap<>(), new BitSet());
        }
    }

    Target(Nvmet nvmet, Endpoint endpoint) throws IOException {
        this.nvmet = nvmet;
        this.endpoint = endpoint;
        synchronized (nvmet) {
            nvmet.check();
            port = nvmet.port(endpoint);
        }
    }

    /** @throws IllegalArgumentException if it may not be shown */
    void export(Request.Export request, Descriptor file) throws IOException {
        // The kernel opens it for writing, as root: so only what its owner could write anyway, or nobody can.
        boolean sealed = file.isSealed();
        if (!sealed && !file.isWritableFile()) {
            throw new IllegalArgumentException("an export is a sealed file in memory, or a file open for writing");
        }
        if (file.sizeBytes() == 0 || file.sizeBytes() % BLOCK_BYTES != 0) {
            throw new IllegalArgumentException(
                    "an export of " + file.sizeBytes() + " bytes: not a multiple of " + BLOCK_BYTES);
        }
        synchronized (nvmet) {
            Reader known = readers.get(request.session());
            Reader reader = known == null ? admit(request) : known;
            try {
                show(request, reader, file.path(), sealed);
            } catch (IOException | IllegalArgumentException e) {
                if (known == null) {
                    // Whoever asked does not know that there is one, and would never dismiss it.
                    dismiss(new Request.Dismiss(request.session()));
                }
                throw e;
            }
        }
    }

    private Reader admit(Request.Export request) throws IOException {
        if (readers.size() >= SESSIONS_MAX) {
            throw new IllegalArgumentException("more than " + SESSIONS_MAX + " readers");
        }
        try {
            nvmet.admit(port, request.session(), request.key());
        } catch (IOException e) {
            throw new IOException("cannot listen at " + endpoint + ": " + e.getMessage(), e);
        }
        Reader reader = new Reader();
        readers.put(request.session(), reader);
        return reader;
    }

    private void show(Request.Export request, Reader reader, Path file, boolean sealed) throws IOException {
        int number = reader.taken.nextClearBit(1);
        if (number > NAMESPACES_PER_SESSION_MAX || reader.numbers.containsKey(request.namespace())) {
            throw new IllegalArgumentException(
                    "shown already, or more than " + NAMESPACES_PER_SESSION_MAX + " at once");
        }
        nvmet.show(request.session(), number, request.namespace(), file, sealed);
        reader.taken.set(number);
        reader.numbers.put(request.namespace(), number);
    }

    /** What is not shown is no failure. */
    void withdraw(Request.Withdraw request) throws IOException {
        synchronized (nvmet) {
            Reader reader = readers.get(request.session());
            Integer number = reader == null ? null : reader.numbers.get(request.namespace());
            if (reader != null && number != null) {
                nvmet.hide(request.session(), number);
                reader.numbers.remove(request.namespace());
                reader.taken.clear(number);
            }
        }
    }

    void dismiss(Request.Dismiss request) throws IOException {
        synchronized (nvmet) {
            if (readers.containsKey(request.session())) {
                nvmet.dismiss(request.session());
                readers.remove(request.session());
            }
        }
    }

    @Override
    public void close() {
        synchronized (nvmet) {
            for (Request.Session session : readers.keySet()) {
                try {
                    nvmet.dismiss(session);
                } catch (IOException e) {
                    log.error("{} cannot be removed: {}", session.subsystem(), e.toString());
                }
            }
            readers.clear();
            try {
                nvmet.removePort(port);
            } catch (IOException e) {
                log.error("{} cannot be removed: {}", port, e.toString());
            }
        }
    }
}
