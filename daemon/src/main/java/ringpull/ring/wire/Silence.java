package ringpull.ring.wire;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import ringpull.ring.Address;

/** Control ports that swallowed a question, so that not every one after it waits as long. For any thread. */
final class Silence {
    /** How long it is remembered: those who ask meanwhile are told at once. */
    static final long REMEMBERED_NANOS = 5_000_000_000L;

    /** Ports remembered at one time. */
    static final int PORTS = 1_024;

    private final Map<Address, Long> since = new ConcurrentHashMap<>();
    private final LongSupplier nanoTime;

    Silence(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** It did not answer in time. */
    void begins(Address port) {
        if (since.size() >= PORTS) {
            since.clear();
        }
        since.put(port, nanoTime.getAsLong());
    }

    /** Whether it was silent a moment ago. */
    boolean is(Address port) {
        Long began = since.get(port);
        if (began == null) {
            return false;
        }
        if (nanoTime.getAsLong() - began < REMEMBERED_NANOS) {
            return true;
        }
        since.remove(port, began);
        return false;
    }
}
