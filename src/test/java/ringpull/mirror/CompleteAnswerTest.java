package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.ContentKind;
import ringpull.fetch.BlobRequest;
import ringpull.fetch.Delivery;

/** A complete blob is checked run by run before it leaves; from a damaged chunk on the fetch that mends it goes on. */
class CompleteAnswerTest {
    private final Content layer = Content.random(1, 3_000_000);
    private final String path = "/v2/team/image/blobs/" + layer.digest();

    @TempDir
    Path directory;

    private TestMirror mirror() throws IOException {
        TestMirror mirror = new TestMirror(directory);
        mirror.blobs.complete(directory, layer, "a/layer");
        return mirror;
    }

    /** Complete for the first request, then as the fetcher says. */
    private void afterwards(TestMirror mirror, Delivery then) throws InterruptedException {
        Delivery complete = mirror.blobs.deliver(new BlobRequest(layer.digest(), ContentKind.BLOB, Optional.empty()));
        AtomicBoolean first = new AtomicBoolean(true);
        mirror.blobs.put(layer.digest(), request -> first.getAndSet(false) ? complete : then);
    }

    private ScriptedFetch mendedBy(TestMirror mirror) throws IOException, InterruptedException {
        ScriptedFetch fetch = new ScriptedFetch(directory, layer).sizeKnown("a/layer");
        afterwards(mirror, new Delivery.Arriving(fetch));
        return fetch;
    }

    @Test
    void runAfterRunLeaves() throws Exception {
        try (TestMirror mirror = mirror()) {
            mirror.blobs.soundEnds(1L << 20, 2L << 20);

            HttpResponse<byte[]> whole = mirror.get(path);

            assertThat(whole.statusCode()).isEqualTo(200);
            assertThat(whole.body()).isEqualTo(layer.bytes());
            Await.until("files are closed", mirror.blobs::allFilesClosed);
        }
    }

    @Test
    void fromADamagedChunkOnTheMendingFetchGoesOn() throws Exception {
        try (TestMirror mirror = mirror();
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = mendedBy(mirror);
            mirror.blobs.soundEnds(1L << 20, 1L << 20);
            client.get(path);
            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(client.read(1 << 20)).isEqualTo(layer.slice(0, 1 << 20));
            Await.until("the answer waits for the fetch", () -> fetch.listeners() > 0);
            assertThat(fetch.wanted()).isEqualTo(1L << 20);

            fetch.prove();

            assertThat(client.read(3_000_000 - (1 << 20))).isEqualTo(layer.slice(1 << 20, 3_000_000));
            Await.until("files are closed", () -> mirror.blobs.allFilesClosed() && fetch.allFilesClosed());
        }
    }

    @Test
    void aRangeWhoseFirstChunkIsDamagedWaitsForItAlone() throws Exception {
        try (TestMirror mirror = mirror();
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = mendedBy(mirror);
            mirror.blobs.soundEnds(2_000_000L);
            client.get(path, "Range: bytes=2000000-2000009");
            Await.until("the answer waits for the fetch", () -> fetch.listeners() > 0);

            fetch.release(2_500_000);

            assertThat(client.readHead().status()).isEqualTo(206);
            assertThat(client.read(10)).isEqualTo(layer.slice(2_000_000, 2_000_010));
        }
    }

    @Test
    void whatNobodyCanMendIs404OrFin() throws Exception {
        for (long sound : new long[] {0, 1 << 20}) {
            try (TestMirror mirror = mirror();
                    RawClient client = mirror.connect()) {
                afterwards(mirror, new Delivery.Nowhere("not_held", "nobody"));
                mirror.blobs.soundEnds(sound, sound);
                client.get(path);

                assertThat(client.readHead().status()).isEqualTo(sound == 0 ? 404 : 200);
                if (sound > 0) {
                    RawClient.Rest rest = client.readRest();
                    assertThat(rest.reset()).isFalse();
                    assertThat(rest.bytes()).isEqualTo(layer.slice(0, (int) sound));
                }
                assertThat(mirror.answers(sound == 0 ? 404 : 200, "damaged")).isEqualTo(1);
            }
        }
    }
}
