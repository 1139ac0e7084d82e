package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.fetch.Delivery;

/** A full store is passed by: bytes are proven on the way, and the last chunk waits for the proof. */
class MirrorPassThroughTest {
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final int SIZE = 3_000_000;
    private static final int LAST_CHUNK = 2 * Chunk.SIZE_BYTES;

    private final Content layer = Content.random(1, SIZE);

    @TempDir
    Path directory;

    private static String path(Digest digest) {
        return "/v2/team/image/blobs/" + digest + "?ns=reg.test";
    }

    private static ScriptedStream passThrough(TestMirror mirror, Digest digest, ScriptedStream stream) {
        mirror.blobs.put(digest, request -> new Delivery.PassThrough(stream));
        return stream;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 10, Chunk.SIZE_BYTES - 1, Chunk.SIZE_BYTES, Chunk.SIZE_BYTES + 1, SIZE})
    void theWholeBlobArrives(int size) throws Exception {
        Content blob = Content.random(2, size);
        try (TestMirror mirror = new TestMirror(directory)) {
            ScriptedStream stream = passThrough(mirror, blob.digest(), new ScriptedStream(blob.bytes(), "a/layer"));

            HttpResponse<byte[]> get = mirror.get(path(blob.digest()));

            assertThat(get.statusCode()).isEqualTo(200);
            assertThat(get.body()).isEqualTo(blob.bytes());
            assertThat(get.headers().firstValue("Content-Type")).contains("a/layer");
            Await.until("the stream is closed", stream::isClosed);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-, 0, 3000000",
        "bytes=5-9, 5, 10",
        "bytes=1048570-1048580, 1048570, 1048581",
        "bytes=2097150-2097160, 2097150, 2097161",
        "bytes=-9, 2999991, 3000000",
    })
    void rangesArriveExactly(String range, int from, int end) throws Exception {
        try (TestMirror mirror = new TestMirror(directory)) {
            passThrough(mirror, layer.digest(), new ScriptedStream(layer.bytes(), "a/layer"));

            HttpResponse<byte[]> part = mirror.get(path(layer.digest()), "Range", range);

            assertThat(part.statusCode()).isEqualTo(206);
            assertThat(part.body()).isEqualTo(layer.slice(from, end));
        }
    }

    @Test
    void bytesLeaveWhileTheOriginSendsButTheLastChunkWaitsForTheProof() throws Exception {
        try (TestMirror mirror = new TestMirror(directory);
                RawClient client = mirror.connect()) {
            ScriptedStream stream =
                    passThrough(mirror, layer.digest(), new ScriptedStream(layer.bytes(), "a/layer", SIZE - 1));
            client.get(path(layer.digest()));

            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(client.read(LAST_CHUNK)).isEqualTo(layer.slice(0, LAST_CHUNK));
            stream.upTo(SIZE);
            assertThat(client.read(SIZE - LAST_CHUNK)).isEqualTo(layer.slice(LAST_CHUNK, SIZE));
        }
    }

    @Test
    void ofAWrongBlobTheLastChunkNeverLeaves() throws Exception {
        Digest expected = Content.random(7, SIZE).digest();
        try (TestMirror mirror = new TestMirror(directory);
                RawClient client = mirror.connect()) {
            ScriptedStream stream = passThrough(mirror, expected, new ScriptedStream(layer.bytes(), "a/layer"));
            client.get(path(expected));
            client.readHead();

            RawClient.Rest rest = client.readRest();

            assertThat(rest.reset()).isFalse();
            assertThat(rest.bytes()).hasSize(LAST_CHUNK);
            assertThat(stream.isClosed()).isTrue();
            assertThat(mirror.get(path(expected), "Range", "bytes=" + LAST_CHUNK + "-")
                            .statusCode())
                    .as("the resume goes upstream")
                    .isEqualTo(404);
        }
    }

    @Test
    void ofASmallWrongBlobNothingLeaves() throws Exception {
        Digest expected = Content.random(7, 10).digest();
        try (TestMirror mirror = new TestMirror(directory)) {
            passThrough(
                    mirror, expected, new ScriptedStream(Content.random(8, 10).bytes(), "a/layer"));

            HttpResponse<byte[]> get = mirror.get(path(expected));

            assertThat(get.statusCode()).isEqualTo(404);
            assertThat(TestMirror.text(get)).contains("origin_inconsistent");
        }
    }

    @Test
    void anOriginThatBreaksOffEndsTheAnswerWithFin() throws Exception {
        try (TestMirror mirror = new TestMirror(directory);
                RawClient client = mirror.connect()) {
            ScriptedStream stream =
                    passThrough(mirror, layer.digest(), new ScriptedStream(layer.bytes(), "a/layer", 1_000_000));
            client.get(path(layer.digest()));
            client.readHead();
            client.read(1_000_000);
            stream.breakOff();

            assertThat(client.readRest().reset()).isFalse();
            assertThat(mirror.get(path(layer.digest()), "Range", "bytes=1000000-")
                            .statusCode())
                    .isEqualTo(404);
        }
    }

    @Test
    void anOriginThatStallsEndsTheAnswerWithFin() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, SHORT, SHORT)) {
            ScriptedStream stream =
                    passThrough(mirror, layer.digest(), new ScriptedStream(layer.bytes(), "a/layer", 0));
            ResumingClient client = new ResumingClient(mirror.address(), path(layer.digest()), layer, 20_000);

            assertThat(client.pull()).isEqualTo(layer.bytes());

            assertThat(client.statuses()).containsExactly(200, 404);
            Await.until("the stream is closed", stream::isClosed);
        }
    }

    @Test
    void aManifestIsProvenBeforeItLeavesAndSaysItsType() throws Exception {
        Content manifest = Content.manifest(",\"config\":{},\"layers\":[]");
        try (TestMirror mirror = new TestMirror(directory)) {
            mirror.blobs.put(
                    manifest.digest(),
                    request ->
                            new Delivery.PassThrough(new ScriptedStream(manifest.bytes(), "application/octet-stream")));
            String path = "/v2/team/image/manifests/" + manifest.digest() + "?ns=reg.test";

            HttpResponse<byte[]> get = mirror.get(path);
            HttpResponse<byte[]> head = mirror.head(path);

            assertThat(get.body()).isEqualTo(manifest.bytes());
            assertThat(head.statusCode()).isEqualTo(200);
            for (HttpResponse<byte[]> response : List.of(get, head)) {
                assertThat(response.headers().firstValue("Content-Type")).contains(Content.OCI_MANIFEST);
            }
        }
    }

    @Test
    void headClosesTheStreamUnread() throws Exception {
        try (TestMirror mirror = new TestMirror(directory)) {
            ScriptedStream stream =
                    passThrough(mirror, layer.digest(), new ScriptedStream(layer.bytes(), "a/layer", 0));

            HttpResponse<byte[]> head = mirror.head(path(layer.digest()));

            assertThat(head.headers().firstValue("Content-Length")).contains("3000000");
            Await.until("the stream is closed", stream::isClosed);
        }
    }

    @Test
    void aClientThatHangsUpClosesTheStream() throws Exception {
        try (TestMirror mirror = new TestMirror(directory)) {
            ScriptedStream stream =
                    passThrough(mirror, layer.digest(), new ScriptedStream(layer.bytes(), "a/layer", 1_000_000));
            try (RawClient client = mirror.connect()) {
                client.get(path(layer.digest()));
                client.readHead();
            }

            Await.until("the stream is closed", stream::isClosed);
        }
    }
}
