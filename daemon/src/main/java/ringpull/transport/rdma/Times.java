package ringpull.transport.rdma;

import java.time.Duration;

/**
 * How long things may take.
 *
 * @param connect until a connection is there, all steps together
 * @param operation until the fabric has done one SEND or RDMA READ
 * @param stall until a holder offers the next piece of a range, or a reader's first range comes
 * @param lease how long a reader may fetch an offered piece; the holder keeps it for two operations more
 * @param idle that a connection waits for its next use
 */
record Times(Duration connect, Duration operation, Duration stall, Duration lease, Duration idle) {
    static final Times DEFAULT = new Times(
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ofSeconds(3),
            Duration.ofSeconds(10),
            Duration.ofMinutes(5));
}
