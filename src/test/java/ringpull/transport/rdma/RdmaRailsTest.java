package ringpull.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;
import ringpull.transport.TransferException;
import ringpull.transport.session.HolderSessions;
import ringpull.transport.session.Sessions;
import ringpull.transport.session.TestAdmission;

/** Several rails at once, one of them of IPv6. */
@EnabledIfEnvironmentVariable(named = Fabric.VARIABLE, matches = ".+", disabledReason = "there is no RDMA device here")
class RdmaRailsTest {
    private static final int CHUNK = 1 << 20;
    private static final int CHUNKS = 4;

    @TempDir
    Path folder;

    private final Sessions sessions = new Sessions(System::nanoTime);
    private final Map<InetAddress, Long> fetched = new ConcurrentHashMap<>();
    private final Map<InetAddress, Long> served = new ConcurrentHashMap<>();

    private RdmaServer serve(TestBlobs blobs, InetAddress... addresses) throws Exception {
        List<InetSocketAddress> places = Arrays.stream(addresses)
                .map(address -> new InetSocketAddress(address, 0))
                .toList();
        return RdmaServer.bind(
                places, blobs, sessions, 2, (rail, bytes) -> served.merge(rail, bytes, Long::sum), RdmaFixture.PATIENT);
    }

    private RdmaTransport reader(List<InetSocketAddress> places, Times times, InetAddress... rails) throws Exception {
        TestAdmission admission = new TestAdmission(_ -> sessions.make("reader").at(places));
        return new RdmaTransport(
                List.of(rails),
                CHUNKS,
                new HolderSessions(admission, System::nanoTime),
                (rail, bytes) -> fetched.merge(rail, bytes, Long::sum),
                times);
    }

    private static byte[] read(RdmaTransport reader, InetSocketAddress holder, Digest blob, int chunk)
            throws TransferException, InterruptedException {
        ByteRange range = new ByteRange((long) chunk * CHUNK, CHUNK);
        TestBlobs.Landed landed = new TestBlobs.Landed(range.offset(), CHUNK);
        reader.read(holder, blob, range, landed);
        return landed.bytes();
    }

    /** Looking for completions before they sleep, as well. */
    @Test
    void chunksComeByAllOfThem() throws Exception {
        Duration spin = Duration.ofNanos(50_000);
        Times times = RdmaFixture.times(RdmaFixture.PATIENT.connect(), RdmaFixture.PATIENT.stall(), spin);
        TestBlobs blobs = new TestBlobs(folder);
        byte[] blob = blobs.add(CHUNKS * CHUNK, 1);
        Digest digest = TestBlobs.digest(blob);
        try (RdmaServer server = serve(blobs, Fabric.host(1), Fabric.host6(1));
                RdmaTransport reader = reader(server.addresses(), times, Fabric.host(2), Fabric.host6(2))) {
            InetSocketAddress holder = server.addresses().getFirst();
            for (int chunk = 0; chunk < CHUNKS; chunk++) {
                assertThat(read(reader, holder, digest, chunk))
                        .isEqualTo(Arrays.copyOfRange(blob, chunk * CHUNK, (chunk + 1) * CHUNK));
            }
            assertThat(server.connections()).isEqualTo(2);
            Await.until("all returned", () -> sum(served) == blob.length);
        }
        assertThat(fetched.keySet()).containsExactlyInAnyOrder(Fabric.host(2), Fabric.host6(2));
        assertThat(sum(fetched)).isEqualTo(blob.length);
        assertThat(served.keySet()).containsExactlyInAnyOrder(Fabric.host(1), Fabric.host6(1));
    }

    private static long sum(Map<InetAddress, Long> bytes) {
        return bytes.values().stream().mapToLong(each -> each).sum();
    }

    @Test
    void whatARailDoesNotBringAnotherBrings() throws Exception {
        TestBlobs blobs = new TestBlobs(folder);
        byte[] blob = blobs.add(CHUNKS * CHUNK, 1);
        Digest digest = TestBlobs.digest(blob);
        InetSocketAddress nobody = new InetSocketAddress(Fabric.host(99), 4711);
        Times times = RdmaFixture.times(Duration.ofSeconds(2), RdmaFixture.PATIENT.stall(), Duration.ZERO);
        try (RdmaServer server = serve(blobs, Fabric.host(1))) {
            InetSocketAddress holder = server.addresses().getFirst();
            try (RdmaTransport reader = reader(List.of(holder, nobody), times, Fabric.host(2), Fabric.host(3))) {
                int second = 1; // comes by the second rail, while that has not failed
                assertThatThrownBy(() -> read(reader, holder, digest, second))
                        .isInstanceOf(TransferException.Unreachable.class);
                ByteRange range = new ByteRange(CHUNK, CHUNK);
                Await.until("the first rail is connected", () -> reader.isReady(holder, range));

                assertThat(read(reader, holder, digest, second)).isEqualTo(Arrays.copyOfRange(blob, CHUNK, 2 * CHUNK));
                assertThat(fetched).isEqualTo(Map.of(Fabric.host(2), (long) CHUNK));
            }
        }
    }
}
