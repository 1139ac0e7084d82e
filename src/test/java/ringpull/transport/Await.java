package ringpull.transport;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waiting for a condition, with a ceiling that no working machine reaches. */
public final class Await {
    private static final Duration CEILING = Duration.ofSeconds(30);

    private Await() {}

    public static void until(String what, BooleanSupplier condition) throws InterruptedException {
        until(() -> what, condition);
    }

    /** As above, where a working machine may take longer. */
    public static void until(String what, Duration ceiling, BooleanSupplier condition) throws InterruptedException {
        until(() -> what, ceiling, condition);
    }

    /** As above, but what did not happen is put into words when that is known. */
    public static void until(Supplier<String> what, BooleanSupplier condition) throws InterruptedException {
        until(what, CEILING, condition);
    }

    private static void until(Supplier<String> what, Duration ceiling, BooleanSupplier condition)
            throws InterruptedException {
        long deadline = System.nanoTime() + ceiling.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("did not happen within " + ceiling + ": " + what.get());
            }
            Thread.sleep(2);
        }
    }
}
