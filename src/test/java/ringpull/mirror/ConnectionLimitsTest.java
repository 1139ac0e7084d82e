package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that ask for too much, or do nothing: each gets an end, and it is FIN as long as they listen. */
class ConnectionLimitsTest {
    private static final Duration SHORT = Duration.ofMillis(300);

    /** In which a busy machine takes a request that follows its connection. */
    private static final Duration IDLE = Duration.ofSeconds(2);

    private static final Connection.Limits STANDARD = Connection.Limits.STANDARD;

    private final Content layer = Content.random(1, 100_000);
    private final String path = "/v2/team/image/blobs/" + layer.digest();

    @TempDir
    Path directory;

    private TestMirror mirror(Connection.Limits limits, boolean epoll) throws IOException {
        return new TestMirror(directory, limits, epoll);
    }

    /** Row 14: what is left unread when we end the connection must not turn its end into a reset. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tenThousandPipelinedRequestsEndInFinBehindTheAnswersThatWereSent(boolean epoll) throws Exception {
        String request = "GET " + path + " HTTP/1.1\r\nHost: mirror\r\n\r\n";
        byte[] requests = request.repeat(10_000).getBytes(StandardCharsets.US_ASCII);
        try (TestMirror mirror = mirror(STANDARD, epoll);
                RawClient client = mirror.connect()) {
            mirror.blobs.complete(directory, layer, "a/layer");
            CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> send(client, requests));

            int answers = 0;
            for (boolean last = false; !last; answers++) {
                RawClient.Head head = client.readHead();
                assertThat(head.status()).isEqualTo(200);
                assertThat(client.read(layer.bytes().length)).isEqualTo(layer.bytes());
                last = head.header("connection").equals("close");
            }
            RawClient.Rest rest = client.readRest();

            assertThat(rest.bytes()).isEmpty();
            assertThat(rest.reset()).isFalse();
            assertThat(answers).isBetween(Connection.PIPELINED_MAX, 4 * Connection.PIPELINED_MAX);
            sent.get();
            Await.until("all files are closed", mirror.blobs::allFilesClosed);
        }
    }

    private static void send(RawClient client, byte[] bytes) {
        try {
            client.send(bytes);
        } catch (IOException e) {
            throw new IllegalStateException("not all could be sent", e);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aConnectionTooManyIsClosedAndTheNextOneServedOnceThereIsRoom(boolean epoll) throws Exception {
        Connection.Limits two = new Connection.Limits(2, STANDARD.idle(), STANDARD.linger(), STANDARD.stall());
        try (TestMirror mirror = mirror(two, epoll);
                RawClient first = mirror.connect();
                RawClient second = mirror.connect()) {
            assertThat(first.get("/v2/").readHead().status()).isEqualTo(200);
            assertThat(second.get("/v2/").readHead().status()).isEqualTo(200);

            try (RawClient third = mirror.connect()) {
                assertThat(third.readRest().bytes()).isEmpty();
            }
            assertThat(second.get("/v2/").read(2)).isEqualTo("{}".getBytes(StandardCharsets.US_ASCII));

            first.hangUp();
            Await.until("there is room again", () -> isServed(mirror));
        }
    }

    private static boolean isServed(TestMirror mirror) {
        try (RawClient client = mirror.connect()) {
            return client.get("/v2/").readHead().status() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void idleClientsAndThoseThatNeverEndTheirHeadersGetFin(boolean epoll) throws Exception {
        Connection.Limits impatient =
                new Connection.Limits(STANDARD.connections(), IDLE, STANDARD.linger(), STANDARD.stall());
        ScriptedFetch fetch = new ScriptedFetch(directory, layer).sizeKnown("a/layer");
        try (TestMirror mirror = mirror(impatient, epoll)) {
            mirror.blobs.arriving(fetch);
            idle(mirror, fetch);
        }
    }

    private void idle(TestMirror mirror, ScriptedFetch fetch) throws IOException {
        try (RawClient waiting = mirror.connect().get(path);
                RawClient served = mirror.connect().get("/v2/");
                RawClient slow = mirror.connect().send("GET /v2/ HTTP/1.1\r\nHost: mir");
                RawClient silent = mirror.connect()) {
            assertThat(served.readHead().status()).isEqualTo(200);
            served.read(2);

            for (RawClient client : new RawClient[] {silent, slow, served}) {
                RawClient.Rest rest = client.readRest();
                assertThat(rest.bytes()).isEmpty();
                assertThat(rest.reset()).isFalse();
            }

            fetch.prove();
            assertThat(waiting.readHead().status())
                    .as("a client that waits is not idle")
                    .isEqualTo(200);
            assertThat(waiting.read(layer.bytes().length)).isEqualTo(layer.bytes());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClientThatDoesNotCloseAfterOurFinIsClosed(boolean epoll) throws Exception {
        Connection.Limits impatient =
                new Connection.Limits(STANDARD.connections(), STANDARD.idle(), SHORT, STANDARD.stall());
        try (TestMirror mirror = mirror(impatient, epoll);
                RawClient client = mirror.connect()) {
            client.get("/v2/", "Connection: close");
            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(client.readRest().reset()).isFalse();

            Await.until("what the client sends meets a closed socket", () -> {
                try {
                    client.send("more");
                    return false;
                } catch (IOException e) {
                    return true;
                }
            });
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClientThatReadsNothingHasItsAnswerBrokenOff(boolean epoll) throws Exception {
        Content large = Content.random(2, 40_000_000);
        Connection.Limits impatient =
                new Connection.Limits(STANDARD.connections(), STANDARD.idle(), STANDARD.linger(), SHORT);
        try (TestMirror mirror = mirror(impatient, epoll);
                RawClient client = new RawClient(mirror.address(), 30_000, 16 << 10)) {
            mirror.blobs.complete(directory, large, "a/layer");
            client.get("/v2/team/image/blobs/" + large.digest());
            client.readHead();

            Await.until("its answer has ended", () -> mirror.answers(200, "hung_up") == 1);
            assertThat(mirror.blobs.allFilesClosed()).isTrue();
            RawClient.Rest rest = client.readRest();

            assertThat(rest.reset()).isFalse();
            assertThat(rest.bytes().length).isLessThan(40_000_000);
            assertThat(rest.bytes()).isEqualTo(large.slice(0, rest.bytes().length));
        }
    }

    @Test
    void aSlowClientIsServedForAsLongAsItReads() throws Exception {
        Content large = Content.random(3, 64 << 20);
        Connection.Limits impatient = new Connection.Limits(
                STANDARD.connections(), STANDARD.idle(), STANDARD.linger(), Duration.ofSeconds(3));
        try (TestMirror mirror = mirror(impatient, true);
                RawClient client = new RawClient(mirror.address(), 30_000, 64 << 10)) {
            mirror.blobs.complete(directory, large, "a/layer");
            client.get("/v2/team/image/blobs/" + large.digest());
            client.readHead();
            long start = System.nanoTime();
            int read = 0;
            while (System.nanoTime() - start < 4_500_000_000L && read < 60 << 20) {
                assertThat(client.read(1 << 20)).isEqualTo(large.slice(read, read + (1 << 20)));
                read += 1 << 20;
                Thread.sleep(75); // the client is slow
            }

            assertThat(client.read(large.bytes().length - read)).isEqualTo(large.slice(read, large.bytes().length));
            Await.until("it is counted", () -> mirror.answers(200, "ok") == 1);
        }
    }
}
