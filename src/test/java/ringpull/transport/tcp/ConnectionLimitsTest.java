package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringpull.config.Config;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;

/** What the data port takes from slow, rude and many readers, and what they leave behind: nothing. */
class ConnectionLimitsTest extends ChunkServerHarness {
    @Test
    void aRequestThatNeverEndsIsCutOff() throws Exception {
        start(Config.Io.AUTO, new ChunkServer.Limits(10, SHORT, SHORT, Duration.ofSeconds(30), 4));
        Socket socket = connect();
        send(socket, "GET /v1/blobs/" + digest + " HTTP/1.1\r\n");

        assertThatThrownBy(() -> {
                    for (int i = 0; i < 10_000; i++) {
                        send(socket, "X");
                        Thread.sleep(5);
                    }
                })
                .isInstanceOf(SocketException.class);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aReaderThatDoesNotReadIsCutOffAndHoldsNothing(Config.Io io) throws Exception {
        digest = TestBlobs.digest(blobs.add(LARGE, 6));
        ChunkServer server =
                start(io, new ChunkServer.Limits(10, Duration.ofSeconds(30), Duration.ofSeconds(5), SHORT, 4));
        Socket socket = connect();

        send(socket, get("Range: bytes=0-" + (LARGE - 1)));

        Await.until("the answer began", () -> blobs.opened() > 0);
        Await.until("cut off", () -> server.connections().count() == 0);
        Await.until("the file closed", () -> blobs.stillOpen().isEmpty());
        Await.until("what was sent is counted", () -> servedBytes.get() > 0);
        assertThat(servedBytes.get()).isLessThan(LARGE);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aReaderThatGoesHalfWayLeavesNothing(Config.Io io) throws Exception {
        digest = TestBlobs.digest(blobs.add(LARGE, 6));
        ChunkServer server = start(io, PATIENT);
        Socket socket = connect();
        send(socket, get("Range: bytes=0-" + (LARGE - 1)));
        assertThat(socket.getInputStream().readNBytes(1 << 20)).hasSize(1 << 20);

        socket.close();

        Await.until("gone", () -> server.connections().count() == 0);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aConnectionThatIsHalfClosedEnds(Config.Io io) throws Exception {
        ChunkServer server = start(io, PATIENT);
        Socket socket = connect();
        send(socket, get("Range: bytes=0-9"));
        assertThat(reply(socket).body()).hasSize(10);
        send(socket, "GET /half");

        socket.shutdownOutput();

        Await.until("gone", () -> server.connections().count() == 0);
        assertEnds(socket);
    }

    /** It counts as gone: the answer may be cut, and that shows. */
    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aReaderThatHalfClosesDuringItsAnswerLeavesNothing(Config.Io io) throws Exception {
        byte[] large = blobs.add(LARGE, 6);
        digest = TestBlobs.digest(large);
        ChunkServer server = start(io, PATIENT);
        Socket socket = connect();
        send(socket, get("Range: bytes=0-" + (LARGE - 1)));
        Await.until("the answer began", () -> !blobs.stillOpen().isEmpty());

        socket.shutdownOutput();

        byte[] body;
        try {
            body = reply(socket).body();
        } catch (IOException e) {
            body = new byte[0];
        }
        assertThat(body).isEqualTo(Arrays.copyOf(large, body.length));
        Await.until("gone", () -> server.connections().count() == 0);
    }

    @Test
    void whenThereAreTooManyTheOneThatWaitedLongestGoes() throws Exception {
        ChunkServer server = start(
                Config.Io.AUTO, new ChunkServer.Limits(2, Duration.ofSeconds(30), SHORT, Duration.ofSeconds(30), 4));
        Socket first = connect();
        Await.until("first", () -> server.connections().count() == 1);
        Socket second = connect();
        Await.until("second", () -> server.connections().count() == 2);

        Socket third = connect();

        assertEnds(first);
        for (Socket socket : List.of(second, third)) {
            send(socket, get("Range: bytes=0-9"));
            assertThat(reply(socket).body()).hasSize(10);
        }
    }

    @Test
    void fewBuffersServeManyReaders() throws Exception {
        digest = TestBlobs.digest(blobs.add(8 << 20, 6));
        start(Config.Io.IO_URING, new ChunkServer.Limits(100, PATIENT.requestWait(), SHORT, PATIENT.answerStall(), 2));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> reads = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                Socket socket = connect();
                reads.add(threads.submit(() -> {
                    send(socket, get("Range: bytes=0-" + ((8 << 20) - 1)));
                    assertThat(reply(socket).body()).hasSize(8 << 20);
                    return null;
                }));
            }
            for (Future<?> read : reads) {
                read.get(60, TimeUnit.SECONDS);
            }
        }
    }
}
