package ringpull.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Every meter of the daemon. Names follow Prometheus; units are in the names. */
public final class Meters {
    private final MeterRegistry registry;

    public Meters(MeterRegistry registry) {
        this.registry = registry;
    }

    /** Bytes that arrived, by where from. */
    public void received(Source source, long bytes) {
        registry.counter("ringpull.received.bytes", "source", source.label).increment((double) bytes);
    }

    /** Bytes that other members sent, by how; the rail is our address on that network, "" where it does not matter. */
    public void carried(String transport, String rail, long bytes) {
        registry.counter("ringpull.transport.received.bytes", "transport", transport, "rail", rail)
                .increment((double) bytes);
    }

    /** Bytes that went to other members, by how. */
    public void served(String transport, long bytes) {
        served(transport, "", bytes);
    }

    /** As above; the rail is our address on that network. */
    public void served(String transport, String rail, long bytes) {
        registry.counter("ringpull.transport.served.bytes", "transport", transport, "rail", rail)
                .increment((double) bytes);
        served(bytes);
    }

    /** A range that one transport gave up and another took over. */
    public void fellBack(String from, String to) {
        registry.counter("ringpull.transport.fallbacks", "from", from, "to", to).increment();
    }

    /** Bytes that went to other members. */
    private void served(long bytes) {
        registry.counter("ringpull.served.bytes").increment((double) bytes);
    }

    /** One answer of the mirror: its status and, in one word, why. */
    public void answered(int status, String reason) {
        registry.counter("ringpull.mirror.answers", "status", Integer.toString(status), "reason", reason)
                .increment();
    }

    /** A whole digest did not prove; from peers or from the origin. */
    public void proofFailed(Source source) {
        registry.counter("ringpull.proof.failures", "source", source.label).increment();
    }

    /** For how long a blob whose every byte was present waited for the rest of its proof. */
    public void waitedForProof(long nanos) {
        registry.counter("ringpull.proof.wait.seconds").increment(nanos / 1e9);
    }

    /** Bytes of stored blobs that were proven again, and chunks among them that did not hold. */
    public void verified(long bytes, int damagedChunks) {
        registry.counter("ringpull.store.verified.bytes").increment((double) bytes);
        registry.counter("ringpull.store.damaged.chunks").increment(damagedChunks);
    }

    /** Bytes that came from an origin to keep clients alive while a proof is pending. */
    public void keptAlive(long bytes) {
        registry.counter("ringpull.handoff.keepalive.bytes").increment((double) bytes);
    }

    /** A client was given bytes that are not its blob's. */
    public void wrongBytesLeft() {
        registry.counter("ringpull.handoff.wrong").increment();
    }

    /** A figure that is read when the metrics are. */
    public <T> void gauge(String name, T of, ToDoubleFunction<T> value) {
        registry.gauge(name, of, value);
    }

    /** A count that only grows and is kept elsewhere; read when the metrics are. */
    public <T> void counter(String name, T of, ToDoubleFunction<T> value) {
        registry.more().counter(name, List.of(), of, value);
    }

    /** Where bytes came from. */
    public enum Source {
        PEER("peer"),
        ORIGIN("origin"),
        STORE("store");

        private final String label;

        Source(String label) {
            this.label = label;
        }
    }
}
