package ringpull.control;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What only the daemon knows of itself; the control service adds the figures of store and ring.
 *
 * @param version of the program
 * @param readySince wall clock, when it began to serve
 * @param ports where it listens
 * @param sinceLastClientRequest how long ago a client last asked the mirror; empty: none has since the start
 * @param hasher what computes SHA-256
 * @param problems sentences that say what is wrong and what to do; empty if all is well
 */
public record DaemonStatus(
        String version,
        Instant readySince,
        List<Port> ports,
        Optional<Duration> sinceLastClientRequest,
        String hasher,
        List<String> problems) {
    public DaemonStatus {
        ports = List.copyOf(ports);
        problems = List.copyOf(problems);
    }

    /**
     * @param name {@code mirror}, {@code control}, {@code data} or {@code metrics}
     * @param address {@code host:port}
     */
    public record Port(String name, String address) {}
}
