package ringpull.helper;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import ringpull.containerd.Recall;

/** A helper for this process's user, and no containerd. */
abstract class RunningHelper {
    static final Duration WAIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    Path socket;
    HelperServer server;

    @BeforeEach
    void start() throws IOException {
        socket = directory.resolve("helper.sock");
        server = HelperServer.start(
                socket, System.getProperty("user.name"), new Recall(directory.resolve("containerd.sock"), directory));
    }

    @AfterEach
    void stop() {
        server.close();
    }
}
