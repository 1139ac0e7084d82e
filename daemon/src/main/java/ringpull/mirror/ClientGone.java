package ringpull.mirror;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The client hung up, or has not read for so long that it may as well have. */
final class ClientGone extends IOException {
    ClientGone(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
