package ringpull.e2e;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A cluster for each test. */
abstract class ClusterFixture {
    @TempDir
    Path temp;

    Cluster cluster;

    /** With a registry that speaks plain HTTP, unless the class says otherwise. */
    Cluster make(Path directory) {
        return Cluster.plain(directory);
    }

    @BeforeEach
    void open() {
        cluster = make(temp);
    }

    @AfterEach
    void close() {
        cluster.close();
    }
}
