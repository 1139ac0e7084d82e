package ringpull.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import ringpull.control.TestDaemon;
import ringpull.control.TestImages;
import ringpull.control.TestRing;
import ringpull.ring.Member;

/** A daemon behind a real control socket, a neighbour, and the parts of an image. */
@Timeout(60)
abstract class DaemonFixture {
    static final String IMAGE = TestDaemon.REPOSITORY + ":tag";

    final Member nodeB = TestRing.member("node-b", 'b', "r2", "");
    final byte[] config = TestImages.bytes(20, 1);
    final byte[] layer = TestImages.bytes(3000, 2);
    final byte[] otherLayer = TestImages.bytes(3 << 20, 3);

    @TempDir
    Path directory;

    TestDaemon daemon;

    @BeforeEach
    void start() throws IOException {
        daemon = new TestDaemon(directory);
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    Ran ringpull(String... arguments) {
        return Ran.against(daemon.socket, arguments);
    }

    /** The registry has an image of these layers, and all of its parts. */
    void publish(byte[]... layers) {
        daemon.publish(config);
        for (byte[] bytes : layers) {
            daemon.publish(bytes);
        }
        daemon.publish("tag", TestImages.manifest(config, layers));
    }
}
