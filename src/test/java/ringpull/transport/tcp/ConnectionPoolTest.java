package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.ByteRange;
import ringpull.config.Config;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;
import ringpull.transport.session.Admission;
import ringpull.transport.session.HolderSessions;

/** How many connections a transport has open, and for how long. */
class ConnectionPoolTest {
    private static final int SIZE = 3 << 20;

    @TempDir
    Path folder;

    private TestBlobs blobs;
    private byte[] blob;

    @BeforeEach
    void addBlob() throws IOException {
        blobs = new TestBlobs(folder);
        blob = blobs.add(SIZE, 3);
    }

    @Test
    void readsShareConnectionsUpToTheLimits() throws Exception {
        try (ChunkServer one = server();
                ChunkServer two = server();
                TcpTransport transport = transport(Duration.ofSeconds(30), 2, 3)) {
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<?>> reads = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    InetSocketAddress holder = (i % 2 == 0 ? one : two).address();
                    reads.add(threads.submit(() -> {
                        read(transport, holder);
                        assertThat(transport.pool().open()).isLessThanOrEqualTo(3);
                        return null;
                    }));
                }
                for (Future<?> read : reads) {
                    read.get(60, TimeUnit.SECONDS);
                }
            }
            assertThat(transport.pool().open()).isBetween(1, 3);
            assertThat(transport.pool().idle()).isEqualTo(transport.pool().open());
        }
    }

    @Test
    void oneConnectionServesReadAfterRead() throws Exception {
        try (ChunkServer server = server();
                TcpTransport transport = transport(Duration.ofSeconds(30), 8, 8)) {
            for (int i = 0; i < 10; i++) {
                read(transport, server.address());
            }
            assertThat(server.connections().count()).isEqualTo(1);
        }
    }

    @Test
    void theConnectionThatWaitedLongestMakesRoom() throws Exception {
        try (ChunkServer one = server();
                ChunkServer two = server();
                TcpTransport transport = transport(Duration.ofSeconds(30), 1, 1)) {
            read(transport, one.address());
            read(transport, two.address());

            assertThat(transport.pool().open()).isEqualTo(1);
            Await.until("the first one closed", () -> one.connections().count() == 0);
        }
    }

    @Test
    void aConnectionThatNobodyUsesIsClosed() throws Exception {
        try (ChunkServer server = server();
                TcpTransport transport = transport(Duration.ofMillis(200), 8, 8)) {
            read(transport, server.address());

            Await.until(
                    "closed on both sides",
                    () -> transport.pool().open() == 0 && server.connections().count() == 0);
            read(transport, server.address());
        }
    }

    @Test
    void aHolderThatStartedAgainIsReadFromAtOnce() throws Exception {
        try (TcpTransport transport = transport(Duration.ofSeconds(30), 8, 8)) {
            ChunkServer first = server();
            InetSocketAddress address = first.address();
            read(transport, address);
            first.close();
            try (ChunkServer second = bind(address)) {
                read(transport, address);
                assertThat(second.connections().count()).isEqualTo(1);
            }
        }
    }

    private void read(TcpTransport transport, InetSocketAddress holder) throws Exception {
        TestBlobs.Landed landed = new TestBlobs.Landed(0, SIZE);
        transport.read(holder, TestBlobs.digest(blob), new ByteRange(0, SIZE), landed);
        assertThat(landed.bytes()).isEqualTo(blob);
    }

    private ChunkServer server() throws IOException {
        return bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private ChunkServer bind(InetSocketAddress address) throws IOException {
        return ChunkServer.bind(address, blobs, Optional.empty(), Config.Io.AUTO, bytes -> {});
    }

    private static TcpTransport transport(Duration idle, int perHolder, int total) throws IOException {
        return new TcpTransport(
                Optional.empty(),
                Config.Io.AUTO,
                new HolderSessions(Admission.NONE, System::nanoTime),
                new TcpTransport.Times(Duration.ofSeconds(10), Duration.ofSeconds(20), idle),
                perHolder,
                total);
    }
}
