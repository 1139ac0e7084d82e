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
 * @param spin the most that a thread looks for completions before it sleeps
 */
record Times(Duration connect, Duration operation, Duration stall, Duration lease, Duration idle, Duration spin) {
    private static final Duration IDLE = Duration.ofMinutes(5);

    /** Those that go with how long the fabric may take to connect, or for one operation. */
    static Times of(Duration patience, Duration spin) {
        return new Times(
                patience, patience, patience.multipliedBy(3).dividedBy(2), patience.multipliedBy(10), IDLE, spin);
    }
}
