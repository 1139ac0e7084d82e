package ringpull.origin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;

/** What every {@link Origin} does. */
public abstract class OriginContract {
    protected static final String MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
    private static final String EMPTY_CONFIG = "{}";

    /** The origin under test; the subclass closes it. */
    protected abstract Origin origin();

    /** One that takes the {@code put}s. */
    protected abstract Repository repository();

    protected abstract Digest putBlob(byte[] bytes);

    /** Puts a manifest whose config and layers are there, under its digest and a tag. */
    protected abstract Digest putManifest(String tag, byte[] bytes);

    @Test
    void aBlobComesWhole() throws Exception {
        byte[] bytes = random(3_000_000);
        try (OriginStream stream = origin().open(repository(), ContentKind.BLOB, putBlob(bytes), 0)) {
            assertThat(stream.sizeBytes()).isEqualTo(bytes.length);
            assertThat(stream.mediaType()).isEqualTo("application/octet-stream");
            assertThat(readAll(stream)).isEqualTo(bytes);
        }
    }

    @Test
    void aBlobComesFromAnOffset() throws Exception {
        byte[] bytes = random(1_500_000);
        Digest digest = putBlob(bytes);
        for (int offset : List.of(1, 1 << 20, bytes.length - 1)) {
            try (OriginStream stream = origin().open(repository(), ContentKind.BLOB, digest, offset)) {
                assertThat(stream.sizeBytes()).isEqualTo(bytes.length);
                assertThat(readAll(stream)).isEqualTo(tail(bytes, offset));
            }
        }
    }

    @Test
    void readsIntoDirectAndOddBuffersKeepWhatIsAround() throws Exception {
        byte[] bytes = random(10);
        try (OriginStream stream = origin().open(repository(), ContentKind.BLOB, putBlob(bytes), 0)) {
            ByteBuffer direct = ByteBuffer.allocateDirect(4).position(1);
            while (direct.hasRemaining()) {
                assertThat(stream.read(direct)).isPositive();
            }
            ByteBuffer heap = ByteBuffer.allocate(12).position(2).limit(9).slice();
            while (heap.hasRemaining()) {
                assertThat(stream.read(heap)).isPositive();
            }
            assertThat(stream.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            assertThat(direct.get(1)).isEqualTo(bytes[0]);
            assertThat(direct.get(3)).isEqualTo(bytes[2]);
            assertThat(heap.get(0)).isEqualTo(bytes[3]);
            assertThat(heap.get(6)).isEqualTo(bytes[9]);
        }
    }

    @Test
    void aTagResolvesToDigestTypeAndSize() throws Exception {
        byte[] bytes = manifest("v1");
        Digest digest = putManifest("v1", bytes);
        assertThat(origin().resolve(repository(), "v1"))
                .isEqualTo(new Origin.TagAnswer(digest, MANIFEST_TYPE, bytes.length));
    }

    @Test
    void aTagThatMovesResolvesAnew() throws Exception {
        putManifest("moving", manifest("before"));
        origin().resolve(repository(), "moving");
        Digest after = putManifest("moving", manifest("after"));
        assertThat(origin().resolve(repository(), "moving").digest()).isEqualTo(after);
    }

    @Test
    void aManifestComesByteForByteWithItsType() throws Exception {
        byte[] bytes = manifest("exact");
        Digest digest = putManifest("exact", bytes);
        for (int offset : List.of(0, 7, bytes.length)) {
            try (OriginStream stream = origin().open(repository(), ContentKind.MANIFEST, digest, offset)) {
                assertThat(stream.mediaType()).isEqualTo(MANIFEST_TYPE);
                assertThat(stream.sizeBytes()).isEqualTo(bytes.length);
                assertThat(readAll(stream)).isEqualTo(tail(bytes, offset));
            }
        }
    }

    @Test
    void whatIsNotThereIsNotFound() {
        Digest absent = sha256("absent".getBytes(StandardCharsets.UTF_8));
        for (ContentKind kind : ContentKind.values()) {
            assertThatThrownBy(() -> origin().open(repository(), kind, absent, 0))
                    .isInstanceOf(OriginException.NotFound.class);
        }
        assertThatThrownBy(() -> origin().resolve(repository(), "absent")).isInstanceOf(OriginException.NotFound.class);
    }

    @Test
    void aStreamClosesInTheMiddleAndTheBlobOpensAgain() throws Exception {
        byte[] bytes = random(4_000_000);
        Digest digest = putBlob(bytes);
        try (OriginStream stream = origin().open(repository(), ContentKind.BLOB, digest, 0)) {
            assertThat(stream.read(ByteBuffer.allocate(1000))).isPositive();
        }
        try (OriginStream stream = origin().open(repository(), ContentKind.BLOB, digest, 1000)) {
            assertThat(readAll(stream)).isEqualTo(tail(bytes, 1000));
        }
    }

    @Test
    void manyStreamsRunAtOnce() throws Exception {
        byte[] bytes = random(2_000_000);
        Digest digest = putBlob(bytes);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<byte[]>> readers = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                readers.add(threads.submit(() -> {
                    try (OriginStream stream = origin().open(repository(), ContentKind.BLOB, digest, 0)) {
                        return readAll(stream);
                    }
                }));
            }
            for (Future<byte[]> reader : readers) {
                assertThat(get(reader)).isEqualTo(bytes);
            }
        }
    }

    private static byte[] get(Future<byte[]> reader) throws InterruptedException, ExecutionException {
        return reader.get();
    }

    /** A manifest with an empty config; the name makes it one of its own. */
    private byte[] manifest(String name) {
        byte[] config = EMPTY_CONFIG.getBytes(StandardCharsets.UTF_8);
        Digest digest = putBlob(config);
        return """
            {"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json",\
            "digest":"%s","size":%d},"layers":[],"annotations":{"name":"%s"}}\
            """.formatted(MANIFEST_TYPE, digest, config.length, name).getBytes(StandardCharsets.UTF_8);
    }

    /** Reads to the end. */
    public static byte[] readAll(OriginStream stream) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteBuffer step = ByteBuffer.allocate(100_000);
        while (stream.read(step) >= 0) {
            out.write(step.array(), 0, step.position());
            step.clear();
        }
        return out.toByteArray();
    }

    public static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    public static byte[] tail(byte[] bytes, int offset) {
        return java.util.Arrays.copyOfRange(bytes, offset, bytes.length);
    }

    public static Digest sha256(byte[] bytes) {
        try {
            return Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
