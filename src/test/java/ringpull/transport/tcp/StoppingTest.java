package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringpull.blob.ByteRange;
import ringpull.config.Config;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;

/** Both ends of a connection, when one of them is told to stop. */
class StoppingTest extends ChunkServerHarness {
    /** A close that is forgotten now and then shows in so many. */
    private static final int ROUNDS = 30;

    private static final int CONNECTIONS = ConnectionPool.PER_HOLDER_MAX;

    @Test
    void stoppingLetsARunningAnswerEndAndClosesTheIdle() throws Exception {
        digest = TestBlobs.digest(blobs.add(LARGE, 6));
        ChunkServer server = start(Config.Io.AUTO, PATIENT);
        Socket idle = connect();
        Socket busy = connect();
        send(busy, get("Range: bytes=0-" + (LARGE - 1)));
        Await.until("the answer began", () -> !blobs.stillOpen().isEmpty());
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> stopped = threads.submit(() -> {
                server.stop(Duration.ofSeconds(60));
                return null;
            });
            assertEnds(idle);

            assertThat(reply(busy).body()).hasSize(LARGE);

            stopped.get(60, TimeUnit.SECONDS);
        }
        assertEnds(busy);
        assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void whenTheGraceIsOverEverythingIsClosed(Config.Io io) throws Exception {
        digest = TestBlobs.digest(blobs.add(LARGE, 6));
        ChunkServer server = start(io, PATIENT);
        Socket busy = connect();
        send(busy, get("Range: bytes=0-" + (LARGE - 1)));
        Await.until("the answer began", () -> !blobs.stillOpen().isEmpty());

        server.stop(Duration.ofMillis(50));

        assertThat(server.connections().count()).isZero();
        assertThat(drain(busy)).as("of the answer").isLessThan(LARGE);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aServerThatClosesLeavesNoReaderWithAnOpenConnection(Config.Io io) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            ChunkServer server = start(io, PATIENT);
            List<Socket> readers = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                readers.add(connect());
            }
            Await.until("all admitted", () -> server.connections().count() == CONNECTIONS);

            server.close();

            for (Socket reader : readers) {
                assertEnds(reader);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aTransportThatClosesLeavesNoHolderWithAnOpenConnection(Config.Io io) throws Exception {
        ChunkServer server = start(io, PATIENT);
        ByteRange range = new ByteRange(0, blob.length);
        for (int round = 0; round < ROUNDS; round++) {
            try (TcpTransport transport = new TcpTransport(Optional.empty(), io);
                    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                CyclicBarrier together = new CyclicBarrier(CONNECTIONS);
                List<Future<?>> reads = new ArrayList<>();
                for (int i = 0; i < CONNECTIONS; i++) {
                    reads.add(threads.submit(() -> {
                        together.await();
                        transport.read(server.address(), digest, range, (offset, bytes) -> {});
                        return null;
                    }));
                }
                for (Future<?> read : reads) {
                    read.get(60, TimeUnit.SECONDS);
                }
            }
            Await.until(
                    () -> "every connection gone; left are those " + server.connections(),
                    () -> server.connections().count() == 0);
        }
    }

    /** How many bytes come before the connection ends. */
    private static long drain(Socket socket) throws IOException {
        long count = 0;
        byte[] bytes = new byte[1 << 20];
        try {
            for (int n = socket.getInputStream().read(bytes);
                    n >= 0;
                    n = socket.getInputStream().read(bytes)) {
                count += n;
            }
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("reset");
        }
        return count;
    }
}
