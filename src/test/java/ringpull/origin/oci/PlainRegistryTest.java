package ringpull.origin.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.e2e.RealRegistry;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

class PlainRegistryTest extends RealRegistryContract {
    @Override
    RealRegistry start(Path folder) {
        return RealRegistry.plain(folder);
    }

    @Test
    void bytesOverPlainHttpAreNotAuthentic() throws Exception {
        Digest digest = putBlob(random(100));
        try (OriginStream stream = origin().open(repository(), ContentKind.BLOB, digest, 0)) {
            assertThat(stream.authentic()).isFalse();
            assertThat(stream.endpoint()).isEqualTo("http://" + registry.name());
        }
    }

    @Test
    void aRegistryOnLoopbackIsRefusedWhenNotNamed() throws Exception {
        try (OciOrigin unconfigured = new OciOrigin(List.of())) {
            assertThatThrownBy(() -> unconfigured.resolve(repository(), "v1"))
                    .isInstanceOf(OriginException.Forbidden.class)
                    .hasMessageContaining("127.0.0.1");
        }
        try (OciOrigin unconfigured = new OciOrigin(List.of())) {
            int port = registry.url().getPort();
            assertThatThrownBy(() -> unconfigured.resolve(new ringpull.blob.Repository("localhost:" + port, "a"), "v1"))
                    .isInstanceOf(OriginException.Forbidden.class);
        }
    }

    @Test
    void theAccessLogCountsBytes() throws Exception {
        byte[] bytes = random(123_457);
        Digest digest = putBlob(bytes);
        try (OriginStream stream = origin().open(repository(), ContentKind.BLOB, digest, 3)) {
            readAll(stream);
        }
        RealRegistry.Access expected = new RealRegistry.Access(
                "GET", "/v2/" + repository().path() + "/blobs/" + digest, 206, bytes.length - 3);
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (!registry.accesses().contains(expected) && System.nanoTime() < deadline) {
            Thread.sleep(5);
        }
        assertThat(registry.accesses()).contains(expected);
    }
}
