package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ContentKind;
import ringpull.fetch.BlobRequest;
import ringpull.fetch.Delivery;

/** When bytes of a blob that is still arriving go to a client, and what happens when they do not come. */
class MirrorHandoffTest {
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Duration LONG = TestMirror.LONG;
    private static final int CLIENT_PATIENCE_MILLIS = 20_000;

    private final Content layer = Content.random(1, 3_000_000);
    private final String path = "/v2/team/image/blobs/" + layer.digest() + "?ns=reg.test";

    @TempDir
    Path directory;

    private ScriptedFetch arriving(TestMirror mirror) throws IOException {
        ScriptedFetch fetch = new ScriptedFetch(directory, layer);
        mirror.blobs.arriving(fetch);
        return fetch;
    }

    private static void untilWaits(ScriptedFetch fetch) throws InterruptedException {
        Await.until("an answer waits for the fetch", () -> fetch.listeners() > 0);
    }

    private static void assertReleased(ScriptedFetch fetch) throws InterruptedException {
        Await.until("nobody waits any more", () -> fetch.listeners() == 0);
        Await.until("files are closed", fetch::allFilesClosed);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void bytesGoOutAsTheyAreReleased(boolean epoll) throws Exception {
        try (TestMirror mirror = new TestMirror(directory, LONG, LONG, epoll);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = arriving(mirror);
            client.get(path);
            untilWaits(fetch);

            fetch.sizeKnown("a/layer").release(1_000_000);

            RawClient.Head head = client.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("content-length")).isEqualTo("3000000");
            assertThat(head.header("content-type")).isEqualTo("a/layer");
            assertThat(client.read(1_000_000)).isEqualTo(layer.slice(0, 1_000_000));
            fetch.release(2_000_000);
            assertThat(client.read(1_000_000)).isEqualTo(layer.slice(1_000_000, 2_000_000));
            fetch.prove();
            assertThat(client.read(1_000_000)).isEqualTo(layer.slice(2_000_000, 3_000_000));
            assertReleased(fetch);
            client.get("/v2/");
            assertThat(client.readHead().status())
                    .as("the connection is still in use")
                    .isEqualTo(200);
        }
    }

    @Test
    void row11NothingLeavesBeforeItIsReleased() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, SHORT, LONG);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = arriving(mirror).sizeKnown("a/layer");
            client.get(path);
            assertThat(client.readHead().status()).isEqualTo(200);
            fetch.fail("unproven", "the bytes were not the blob");

            assertThat(client.readRest().bytes()).isEmpty();
        }
    }

    @Test
    void aRangeWaitsForItsOwnBytes() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, LONG, LONG);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = arriving(mirror).sizeKnown("a/layer").release(1_000_000);
            client.get(path, "Range: bytes=2000000-2000009");
            untilWaits(fetch);
            fetch.release(1_500_000).release(2_500_000);

            RawClient.Head head = client.readHead();

            assertThat(head.status()).isEqualTo(206);
            assertThat(head.header("content-range")).isEqualTo("bytes 2000000-2000009/3000000");
            assertThat(client.read(10)).isEqualTo(layer.slice(2_000_000, 2_000_010));
            assertReleased(fetch);
        }
    }

    @Test
    void row5PastTheEndIs416AsSoonAsTheSizeIsKnown() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, LONG, LONG)) {
            arriving(mirror).sizeKnown("a/layer");

            assertThat(mirror.get(path, "Range", "bytes=3000000-").statusCode()).isEqualTo(416);
        }
    }

    @Test
    void headIsAnsweredWhenTheSizeIsKnown() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, LONG, LONG)) {
            ScriptedFetch fetch = arriving(mirror).sizeKnown("a/layer");

            HttpResponse<byte[]> head = mirror.head(path);

            assertThat(head.statusCode()).isEqualTo(200);
            assertThat(head.headers().firstValue("Content-Length")).contains("3000000");
            assertReleased(fetch);
        }
    }

    @Test
    void aManifestThatNobodyNamedWaitsForItsBytes() throws Exception {
        Content index = Content.manifest(",\"manifests\":[]");
        try (TestMirror mirror = new TestMirror(directory, LONG, LONG);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = new ScriptedFetch(directory, index).sizeKnown("");
            mirror.blobs.arriving(fetch);
            client.request("HEAD", "/v2/team/image/manifests/" + index.digest());
            untilWaits(fetch);
            fetch.prove();

            assertThat(client.readHead().header("content-type")).isEqualTo(Content.OCI_INDEX);
            assertReleased(fetch);
        }
    }

    @Test
    void row9And10AFetchThatFailsBeforeAByteIs404WithItsReason() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, LONG, LONG);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = arriving(mirror);
            client.get(path);
            untilWaits(fetch);
            fetch.sizeKnown("a/layer").fail("unreachable", "neither peers nor origin");

            RawClient.Head head = client.readHead();

            assertThat(head.status()).isEqualTo(404);
            assertThat(new String(client.read(Integer.parseInt(head.header("content-length"))), StandardCharsets.UTF_8))
                    .contains("BLOB_UNKNOWN")
                    .contains("unreachable");
            assertThat(mirror.answers(404, "unreachable")).isEqualTo(1);
        }
    }

    @Test
    void row9HeadersOr404InTimeWhenNothingIsKnown() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, SHORT, LONG)) {
            ScriptedFetch fetch = arriving(mirror);

            HttpResponse<byte[]> get = mirror.get(path);

            assertThat(get.statusCode()).isEqualTo(404);
            assertThat(TestMirror.text(get)).contains("stalled");
            assertReleased(fetch);
        }
    }

    @Test
    void row9HeadersOr404InTimeWhateverBlobsAndTagsDo() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(2);
        try (TestMirror mirror = new TestMirror(directory, SHORT, LONG)) {
            mirror.blobs.put(layer.digest(), request -> {
                block(never, interrupted);
                return new Delivery.Nowhere("late", "");
            });
            mirror.tags.put("reg.test/team/image:v1", () -> {
                block(never, interrupted);
                throw new IllegalStateException("not reached");
            });

            assertThat(mirror.get(path).statusCode()).isEqualTo(404);
            assertThat(mirror.get("/v2/team/image/manifests/v1?ns=reg.test").statusCode())
                    .isEqualTo(404);
            interrupted.await();
        }
    }

    private static void block(CountDownLatch never, CountDownLatch interrupted) throws InterruptedException {
        try {
            never.await();
        } catch (InterruptedException e) {
            interrupted.countDown();
            throw e;
        }
    }

    @Test
    void aDeliveryThatComesTooLateIsClosed() throws Exception {
        CountDownLatch late = new CountDownLatch(1);
        try (TestMirror mirror = new TestMirror(directory, SHORT, LONG)) {
            mirror.blobs.complete(directory, layer, "a/layer");
            Delivery.Complete complete = (Delivery.Complete)
                    mirror.blobs.deliver(new BlobRequest(layer.digest(), ContentKind.BLOB, Optional.empty()));
            mirror.blobs.put(layer.digest(), request -> {
                awaitUninterruptibly(late);
                return complete;
            });

            assertThat(mirror.get(path).statusCode()).isEqualTo(404);
            late.countDown();

            Await.until("the file is closed", mirror.blobs::allFilesClosed);
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        boolean waiting = true;
        while (waiting) {
            try {
                latch.await();
                waiting = false;
            } catch (InterruptedException e) {
                waiting = true; // a source that does not heed interrupts
            }
        }
    }

    @Test
    void aDefectIs404AndTheConnectionGoesOn() throws Exception {
        try (TestMirror mirror = new TestMirror(directory)) {
            mirror.blobs.put(layer.digest(), request -> {
                throw new IllegalStateException("a test's defect");
            });

            assertThat(mirror.get(path).statusCode()).isEqualTo(404);
            assertThat(mirror.get("/v2/").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aClientWithAHeaderLimitGetsHeadersThenBytes() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, SHORT, LONG)) {
            ScriptedFetch fetch = arriving(mirror).sizeKnown("a/layer");
            try (RawClient client = new RawClient(mirror.address(), CLIENT_PATIENCE_MILLIS, 0)) {
                client.get(path);

                assertThat(client.readHead().status()).isEqualTo(200);
                fetch.prove();
                assertThat(client.read(3_000_000)).isEqualTo(layer.bytes());
            }
        }
    }

    @Test
    void row15AClientWithANoProgressLimitGoesOnUpstreamWhileTheFetchGoesOn() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, SHORT, SHORT)) {
            ScriptedFetch fetch = arriving(mirror).sizeKnown("a/layer").release(1_000_000);
            ResumingClient client = new ResumingClient(mirror.address(), path, layer, CLIENT_PATIENCE_MILLIS);

            assertThat(client.pull()).isEqualTo(layer.bytes());

            assertThat(client.statuses()).containsExactly(200, 404);
            assertThat(mirror.answers(200, "stalled")).isEqualTo(1);
            assertThat(mirror.answers(404, "stalled")).isEqualTo(1);
            assertReleased(fetch);
            fetch.prove();
            assertThat(mirror.get(path).body()).as("served once it is there").isEqualTo(layer.bytes());
        }
    }

    @Test
    void row15AClientThatGotNotOneByteGoesOnUpstreamToo() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, SHORT, SHORT)) {
            arriving(mirror).sizeKnown("a/layer");
            ResumingClient client = new ResumingClient(mirror.address(), path, layer, CLIENT_PATIENCE_MILLIS);

            assertThat(client.pull()).isEqualTo(layer.bytes());
            assertThat(client.statuses()).containsExactly(200, 404);
        }
    }

    @Test
    void aResumeIsServedIfTheFetchWentOnMeanwhile() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, SHORT, SHORT);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = arriving(mirror).sizeKnown("a/layer").release(1_000_000);
            client.get(path);
            client.readHead();
            assertThat(client.readRest().bytes()).hasSize(1_000_000);
            fetch.release(2_000_000);

            try (RawClient resume = mirror.connect()) {
                resume.get(path, "Range: bytes=1000000-");
                assertThat(resume.readHead().status()).isEqualTo(206);
                assertThat(resume.read(1_000_000)).isEqualTo(layer.slice(1_000_000, 2_000_000));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void row13And14AFailureInMidBodyIsFinAndTheResume404(boolean epoll) throws Exception {
        try (TestMirror mirror = new TestMirror(directory, LONG, LONG, epoll);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = arriving(mirror).sizeKnown("a/layer").release(1_000_000);
            client.get(path);
            client.readHead();
            client.read(500_000);
            client.send("GET /v2/ HTTP/1.1\r\nHost: m\r\n\r\n"); // unread input must not turn FIN into RST

            fetch.fail("unreachable", "all sources are gone");

            RawClient.Rest rest = client.readRest();
            assertThat(rest.reset()).isFalse();
            assertThat(rest.bytes()).isEqualTo(layer.slice(500_000, 1_000_000));
            mirror.blobs.arriving(new ScriptedFetch(directory, layer)); // a new try in the background
            assertThat(mirror.get(path, "Range", "bytes=1000000-").statusCode()).isEqualTo(404);
            assertThat(mirror.answers(200, "unreachable")).isEqualTo(1);
            assertReleased(fetch);
        }
    }

    @Test
    void row17ManyReadersShareOneFetch() throws Exception {
        int readers = 8;
        try (TestMirror mirror = new TestMirror(directory, LONG, LONG);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            ScriptedFetch fetch = arriving(mirror);
            List<Future<byte[]>> bodies = new ArrayList<>();
            for (int i = 0; i < readers; i++) {
                bodies.add(threads.submit(() -> mirror.get(path).body()));
            }
            Await.until("all wait", () -> fetch.listeners() == readers);
            fetch.sizeKnown("a/layer");
            for (int end = 500_000; end < 3_000_000; end += 500_000) {
                fetch.release(end);
            }
            fetch.prove();

            for (Future<byte[]> body : bodies) {
                assertThat(body.get()).isEqualTo(layer.bytes());
            }
            assertReleased(fetch);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void row18AReaderThatHangsUpLetsGoOfEverything(boolean epoll) throws Exception {
        try (TestMirror mirror = new TestMirror(directory, LONG, LONG, epoll)) {
            ScriptedFetch fetch = arriving(mirror).sizeKnown("a/layer").release(1_000_000);
            try (RawClient client = mirror.connect()) {
                client.get(path);
                client.readHead();
                client.read(1_000_000);
                untilWaits(fetch);
            }

            assertReleased(fetch);
            Await.until("it is counted", () -> mirror.answers(200, "hung_up") == 1);
            fetch.prove();
            assertThat(mirror.get(path).body()).isEqualTo(layer.bytes());
        }
    }

    @Test
    void aStoreThatIsFoundFullIsPassedBy() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, LONG, LONG);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = arriving(mirror);
            client.get(path);
            untilWaits(fetch);
            mirror.blobs.put(
                    layer.digest(), request -> new Delivery.PassThrough(new ScriptedStream(layer.bytes(), "a/layer")));
            fetch.fail("store_full", "no room");

            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(client.read(3_000_000)).isEqualTo(layer.bytes());
        }
    }
}
