package ringpull.transport.rdma;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Whether this process can use RDMA at all. */
public final class Rdma {
    /** There where the kernel's module rdma_ucm is loaded. */
    private static final Path CONNECTIONS = Path.of("/dev/infiniband/rdma_cm");

    private Rdma() {}

    /** Why it cannot, with what to do about it; empty if it can. */
    public static Optional<String> problem() {
        if (!Files.exists(CONNECTIONS)) {
            return Optional.of("there is no " + CONNECTIONS
                    + ": no RDMA device, the kernel's module rdma_ucm is not loaded, or the unit keeps devices"
                    + " from us");
        }
        if (!Files.isReadable(CONNECTIONS) || !Files.isWritable(CONNECTIONS)) {
            return Optional.of(CONNECTIONS + " may not be opened by this user");
        }
        return Native.problem();
    }

    static void check() throws IOException {
        Optional<String> problem = problem();
        if (problem.isPresent()) {
            throw new IOException("RDMA cannot be used: " + problem.get());
        }
    }
}
