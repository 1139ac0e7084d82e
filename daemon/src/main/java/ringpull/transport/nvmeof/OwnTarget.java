package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.helper.Endpoint;
import ringpull.helper.HelperClient;
import ringpull.helper.Request;
import ringpull.os.Descriptor;

/**
 * This node's target: a connection to the helper, with which all goes that is shown, made anew when it broke. Used by the
 * thread of {@link Exports}.
 */
final class OwnTarget implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(OwnTarget.class);

    /** How long the helper may take to do one thing. */
    static final Duration WAIT = Duration.ofSeconds(10);

    private final Path helperSocket;
    private final Endpoint endpoint;
    private @Nullable HelperClient helper;

    OwnTarget(Path helperSocket, Endpoint endpoint) {
        this.helperSocket = helperSocket;
        this.endpoint = endpoint;
    }

    /** @throws IOException with a sentence, if this host can be no target */
    void connect() throws IOException {
        connected();
    }

    private HelperClient connected() throws IOException {
        HelperClient current = helper;
        if (current != null) {
            return current;
        }
        HelperClient fresh = HelperClient.connect(helperSocket);
        try {
            fresh.ask(new Request.Listen(endpoint), WAIT);
        } catch (IOException e) {
            fresh.close();
            throw e;
        }
        helper = fresh;
        return fresh;
    }

    void show(Request.Export request, Descriptor file) throws IOException {
        try {
            connected().ask(request, file, WAIT);
        } catch (IOException e) {
            log.warn("a blob cannot be shown: {}", e.getMessage());
            throw e;
        }
    }

    /** Of what is shown: to end it. */
    void tell(Request request) {
        HelperClient current = helper;
        if (current == null) {
            return;
        }
        try {
            current.ask(request, WAIT);
        } catch (IOException e) {
            log.warn("{}: {}", request, e.getMessage());
            if (!current.isBroken()) {
                // Better that all readers go on by TCP than that one sees what it may no longer.
                current.close();
            }
        }
    }

    /** Whether it broke since somebody asked last: what was shown is gone. */
    boolean hasBroken() {
        HelperClient current = helper;
        if (current == null || !current.isBroken()) {
            return false;
        }
        current.close();
        helper = null;
        return true;
    }

    @Override
    public void close() {
        if (helper != null) {
            helper.close();
        }
    }
}
