package ringpull.transport.tcp;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The bytes of one range on their way to the network. Used on the connection's event loop. */
sealed interface Answer permits SentFile, SentBuffers {
    /** Begins; the outcome is told once, on the event loop: nothing if all went, else why not. */
    void start(Consumer<@Nullable Throwable> ended);

    /** How many bytes have gone so far. */
    long sentBytes();
}
