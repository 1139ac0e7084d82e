package ringpull.origin.oci;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.e2e.RealRegistry;
import ringpull.origin.Origin;
import ringpull.origin.OriginContract;

/** The contract against a docker-registry process. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class RealRegistryContract extends OriginContract {
    private static final String PATH = "team/image";

    Path folder;
    RealRegistry registry;
    private OciOrigin origin;

    abstract RealRegistry start(Path folder);

    @BeforeAll
    void startRegistry(@TempDir Path folder) throws IOException {
        this.folder = folder;
        registry = start(folder);
        origin = new OciOrigin(List.of(registry.config()));
    }

    @AfterAll
    void stopRegistry() {
        if (origin != null) {
            origin.close();
        }
        if (registry != null) {
            registry.close();
        }
    }

    @Override
    protected Origin origin() {
        return origin;
    }

    @Override
    protected Repository repository() {
        return new Repository(registry.name(), PATH);
    }

    @Override
    protected Digest putBlob(byte[] bytes) {
        return registry.push(PATH, bytes);
    }

    @Override
    protected Digest putManifest(String tag, byte[] bytes) {
        return registry.pushManifest(PATH, tag, MANIFEST_TYPE, bytes);
    }
}
