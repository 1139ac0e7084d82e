package ringpull.transport.rdma;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Native objects in the order in which they are to go; one that does not go is logged, and the rest go all the same. */
final class Closing implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Closing.class);

    private final Deque<Part> parts = new ArrayDeque<>();

    /** Destroys an object: 0, or a negative errno. */
    @FunctionalInterface
    interface Destruction {
        int run() throws IOException;
    }

    /** Ends something that says nothing of how it went. */
    @FunctionalInterface
    interface Step {
        void run() throws IOException;
    }

    private record Part(String name, Destruction destruction) {}

    /** Goes before all that were added so far. */
    void add(String name, Destruction destruction) {
        parts.addFirst(new Part(name, destruction));
    }

    /** As above. */
    void step(String name, Step step) {
        add(name, () -> {
            step.run();
            return 0;
        });
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            Part part = parts.removeFirst();
            try {
                int status = part.destruction.run();
                if (status < 0) {
                    log.warn("a {} cannot be destroyed: error {}", part.name, -status);
                }
            } catch (IOException e) {
                log.warn("a {} cannot be destroyed: {}", part.name, e.getMessage());
            }
        }
    }
}
