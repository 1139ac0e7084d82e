package ringpull.mirror;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for a condition, generously. */
final class Await {
    private static final Duration CEILING = Duration.ofSeconds(30);

    private Await() {}

    static void until(String what, BooleanSupplier condition) throws InterruptedException {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > CEILING.toNanos()) {
                throw new AssertionError("still not after " + CEILING.toSeconds() + " s: " + what);
            }
            Thread.sleep(5);
        }
    }
}
