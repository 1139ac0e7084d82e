package ringpull.origin.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.origin.Origin;
import ringpull.origin.OriginContract;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

class MemoryOriginTest extends OriginContract {
    private final MemoryOrigin origin = new MemoryOrigin();
    private final Repository repository = new Repository("memory.example", "team/image");

    @Override
    protected Origin origin() {
        return origin;
    }

    @Override
    protected Repository repository() {
        return repository;
    }

    @Override
    protected Digest putBlob(byte[] bytes) {
        return origin.put(repository, ContentKind.BLOB, "application/octet-stream", bytes);
    }

    @Override
    protected Digest putManifest(String tag, byte[] bytes) {
        Digest digest = origin.put(repository, ContentKind.MANIFEST, MANIFEST_TYPE, bytes);
        origin.tag(repository, tag, digest);
        return digest;
    }

    @Test
    void breaksOffAndCounts() throws Exception {
        Digest digest = putBlob(random(1000));
        origin.breakOffAfter(300);
        try (OriginStream stream = origin.open(repository, ContentKind.BLOB, digest, 100)) {
            ByteBuffer into = ByteBuffer.allocate(1000);
            assertThat(stream.read(into)).isEqualTo(300);
            assertThatThrownBy(() -> stream.read(into)).isInstanceOf(IOException.class);
        }
        assertThat(origin.bytesRead()).isEqualTo(300);
        assertThat(origin.opens()).isEqualTo(1);
    }

    @Test
    void isUnreachableWhileCutOff() {
        Digest digest = putBlob(random(10));
        origin.reachable(false);
        assertThatThrownBy(() -> origin.open(repository, ContentKind.BLOB, digest, 0))
                .isInstanceOf(OriginException.Unreachable.class);
        assertThatThrownBy(() -> origin.resolve(repository, "any")).isInstanceOf(OriginException.Unreachable.class);
    }
}
