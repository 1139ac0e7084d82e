package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Row 16: stop accepting, finish or FIN. */
class MirrorStopTest {
    private final Content layer = Content.random(1, 3_000_000);
    private final String path = "/v2/team/image/blobs/" + layer.digest();

    @TempDir
    Path directory;

    private static CompletableFuture<Void> stop(MirrorServer server, Duration grace) {
        return CompletableFuture.runAsync(() -> {
            try {
                server.stop(grace);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static void assertRefused(TestMirror mirror) throws InterruptedException {
        Await.until("the port refuses", () -> {
            try {
                mirror.connect().hangUp();
                return false;
            } catch (ConnectException e) {
                return true;
            } catch (IOException e) {
                return false;
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aRunningAnswerFinishesWhileThePortRefuses(boolean epoll) throws Exception {
        try (TestMirror mirror = new TestMirror(directory, TestMirror.LONG, TestMirror.LONG, epoll);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch =
                    new ScriptedFetch(directory, layer).sizeKnown("a/layer").release(1_000_000);
            mirror.blobs.arriving(fetch);
            client.get(path);
            client.readHead();
            client.read(1_000_000);

            CompletableFuture<Void> stopped = stop(mirror.server, TestMirror.LONG);
            assertRefused(mirror);
            fetch.prove();

            RawClient.Rest rest = client.readRest();
            assertThat(rest.bytes()).isEqualTo(layer.slice(1_000_000, 3_000_000));
            assertThat(rest.reset()).isFalse();
            client.hangUp();
            stopped.get();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anAnswerThatDoesNotEndGetsFin(boolean epoll) throws Exception {
        try (TestMirror mirror = new TestMirror(directory, TestMirror.LONG, TestMirror.LONG, epoll);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch =
                    new ScriptedFetch(directory, layer).sizeKnown("a/layer").release(1_000_000);
            mirror.blobs.arriving(fetch);
            client.get(path);
            client.readHead();
            assertThat(client.read(1_000_000)).isEqualTo(layer.slice(0, 1_000_000));

            CompletableFuture<Void> stopped = stop(mirror.server, Duration.ofMillis(200));

            RawClient.Rest rest = client.readRest();
            assertThat(rest.reset()).isFalse();
            assertThat(rest.bytes()).isEmpty();
            stopped.get();
            assertThat(fetch.listeners()).isZero();
            assertThat(fetch.allFilesClosed()).isTrue();
        }
    }

    @Test
    void aClientThatDoesNotReadGetsFinBehindWhatIsOnItsWay() throws Exception {
        Content large = Content.random(3, 40_000_000);
        try (TestMirror mirror = new TestMirror(directory);
                RawClient client = new RawClient(mirror.address(), 30_000, 16 << 10)) {
            mirror.blobs.complete(directory, large, "a/layer");
            client.get("/v2/team/image/blobs/" + large.digest());
            client.readHead();

            mirror.server.stop(Duration.ofMillis(100));

            RawClient.Rest rest = client.readRest();
            assertThat(rest.reset()).isFalse();
            assertThat(rest.bytes().length).isLessThan(40_000_000);
            assertThat(rest.bytes()).isEqualTo(large.slice(0, rest.bytes().length));
            assertThat(mirror.blobs.allFilesClosed()).isTrue();
        }
    }

    @Test
    void idleConnectionsGetFinAtOnce() throws Exception {
        try (TestMirror mirror = new TestMirror(directory);
                RawClient client = mirror.connect()) {
            client.get("/v2/");
            RawClient.Head head = client.readHead();
            client.read(Integer.parseInt(head.header("content-length")));

            CompletableFuture<Void> stopped = stop(mirror.server, TestMirror.LONG);

            assertThat(client.readRest().reset()).isFalse();
            client.hangUp();
            stopped.get();
        }
    }

    @Test
    void stoppingTwiceIsHarmless() throws Exception {
        try (TestMirror mirror = new TestMirror(directory)) {
            mirror.server.stop(Duration.ZERO);
            mirror.server.close();

            assertThatThrownBy(() -> mirror.get("/v2/")).isInstanceOf(ConnectException.class);
        }
    }

    @Test
    void thePortIsFreeAgain() throws Exception {
        try (TestMirror first = new TestMirror(directory)) {
            first.get("/v2/");
            int port = first.address().getPort();
            first.server.stop(Duration.ofSeconds(1));

            try (ServerSocket again = new ServerSocket()) {
                again.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                assertThat(again.getLocalPort()).isEqualTo(port);
            }
        }
    }
}
