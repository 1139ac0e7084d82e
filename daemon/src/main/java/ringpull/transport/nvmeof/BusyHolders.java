package ringpull.transport.nvmeof;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which holders said a moment ago that they are short of CPU: from those their kernel reads best. They are asked behind the
 * reads, each once in a while; one that did not answer yet is not short. For any thread.
 */
public final class BusyHolders {
    private static final Logger log = LoggerFactory.getLogger(BusyHolders.class);

    /** As long as what they tell is about. */
    static final Duration ASKED_AGAIN = Duration.ofSeconds(10);

    /** Older answers count for nothing. */
    static final Duration KEPT = Duration.ofSeconds(30);

    /** More are not asked, nor remembered. */
    static final int HOLDERS_MAX = 4096;

    private final Asking asking;
    private final LongSupplier nanoTime;
    private final Map<InetSocketAddress, Answer> answers = new HashMap<>();

    /** @param asked when; it may not have come yet, and is the one before then */
    private record Answer(boolean isShort, long asked) {}

    /** Asks a holder whether it is short of CPU. Blocks. */
    @FunctionalInterface
    public interface Asking {
        boolean isShortOfCpu(InetSocketAddress holder) throws IOException, InterruptedException;
    }

    /** @param nanoTime a clock that never goes back */
    public BusyHolders(Asking asking, LongSupplier nanoTime) {
        this.asking = asking;
        this.nanoTime = nanoTime;
    }

    /** Answers at once. */
    public boolean contains(InetSocketAddress holder) {
        long now = nanoTime.getAsLong();
        boolean isShort;
        synchronized (this) {
            Answer last = answers.get(holder);
            isShort = last != null && last.isShort && now - last.asked < KEPT.toNanos();
            if (last != null && now - last.asked < ASKED_AGAIN.toNanos()) {
                return isShort;
            }
            if (answers.size() >= HOLDERS_MAX) {
                answers.values().removeIf(answer -> now - answer.asked >= KEPT.toNanos());
            }
            if (last == null && answers.size() >= HOLDERS_MAX) {
                return false;
            }
            answers.put(holder, new Answer(isShort, now));
        }
        Thread.startVirtualThread(() -> ask(holder, now));
        return isShort;
    }

    private void ask(InetSocketAddress holder, long now) {
        boolean isShort = false;
        try {
            isShort = asking.isShortOfCpu(holder);
        } catch (IOException e) {
            log.debug("{} does not say whether it is short of CPU: {}", holder, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        synchronized (this) {
            answers.replace(holder, new Answer(isShort, now));
        }
    }
}
