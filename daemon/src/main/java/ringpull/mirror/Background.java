package ringpull.mirror;

import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * A blocking call on a virtual thread of its own, so that whoever needs its result waits no longer than a client would.
 *
 * @param <T> what the call returns
 */
final class Background<T> {
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final Consumer<T> unwanted;
    private final Thread thread;

    /** @param unwanted gives back a result that nobody takes; must not throw */
    Background(String name, Callable<T> call, Consumer<T> unwanted) {
        this.unwanted = unwanted;
        thread = Thread.ofVirtual().name(name).start(() -> run(call));
    }

    private void run(Callable<T> call) {
        try {
            T value = call.call();
            if (!result.complete(value)) {
                unwanted.accept(value);
            }
        } catch (Throwable e) {
            result.completeExceptionally(e);
        }
    }

    /**
     * The result, or empty if it takes longer; then it may be waited for again.
     *
     * @throws ExecutionException with what the call threw
     */
    Optional<T> await(long nanos) throws ExecutionException, InterruptedException {
        try {
            return Optional.of(result.get(Math.max(0, nanos), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        }
    }

    /** Interrupts the call and gives its result back, now or when it comes. Not after the result was taken. */
    void giveUp() {
        if (result.completeExceptionally(new CancellationException("given up"))) {
            thread.interrupt();
        } else if (!result.isCompletedExceptionally()) {
            unwanted.accept(result.join());
        }
    }
}
