package ringpull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.config.ConfigFile;
import ringpull.helper.Endpoint;
import ringpull.helper.WillingHelper;
import ringpull.metrics.Meters;
import ringpull.os.CpuPressure;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.wire.ControlPort;
import ringpull.ring.wire.RingNode;
import ringpull.tls.PeerTls;
import ringpull.tls.TestCertificates;
import ringpull.transport.Await;
import ringpull.transport.Landing;
import ringpull.transport.TestBlobs;
import ringpull.transport.Transport;
import ringpull.transport.Ways;
import ringpull.transport.nvmeof.Exports;
import ringpull.transport.nvmeof.Lease;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/**
 * What members ask each other about blobs as disks, over a real control channel, and in what order they read by which way;
 * with a helper that does all it is asked.
 */
class NvmeofLeasesTest {
    private static final int DATA_PORT = 7;
    private static final InetSocketAddress HOLDER =
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), DATA_PORT);

    /** The least that is read from a disk; docs/nvmeof.md names it. */
    private static final long LARGE = 8 << 20;

    private static final Digest ANY = Digest.ofBytes(new byte[Digest.SIZE_BYTES]);

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Sessions sessions = new Sessions(System::nanoTime);

    @TempDir
    Path directory;

    private NvmeofLeases.Service service;
    private TestBlobs blobs;
    private TestCertificates ring;
    private Config.Tls reader;

    @BeforeEach
    void certificates() throws IOException {
        blobs = new TestBlobs(directory);
        ring = new TestCertificates(directory, "ring");
        reader = ring.member("reader");
        service = new NvmeofLeases.Service(new CpuPressure(directory.resolve("pressure")));
        pressure("0.00");
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable part : open.reversed()) {
            part.close();
        }
    }

    private void pressure(String percent) throws IOException {
        Files.writeString(directory.resolve("pressure"), "some avg10=" + percent + " avg60=0.00 avg300=0.00 total=1\n");
    }

    /** A ring of a holder, which announces these transports, and a reader: what the reader asks. */
    private NvmeofLeases join(String... transports) throws Exception {
        InetSocketAddress holder =
                node(ring.member("holder"), DATA_PORT, List.of(transports)).address();
        RingNode node = node(reader, 1, List.of("tcp-plain"), "127.0.0.1:" + holder.getPort())
                .node();
        Admissions admissions = new Admissions(node);
        Await.until(
                "the reader to know the holder", () -> admissions.member(HOLDER).isPresent());
        return new NvmeofLeases(node, admissions);
    }

    private record Joined(RingNode node, InetSocketAddress address) {}

    private Joined node(Config.Tls files, int dataPort, List<String> transports, String... seeds) throws IOException {
        PeerTls tls = PeerTls.of(files);
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        ControlPort port = ControlPort.bind(any, Optional.of(tls), service);
        open.add(port);
        Member self = new Member(
                new MemberId(tls.identity().memberId()),
                1,
                "node",
                List.of("127.0.0.1"),
                port.address().getPort(),
                dataPort,
                "",
                "",
                transports);
        RingNode node = RingNode.start(port, self, new Config.Ring("test", List.of(seeds)), Map.of());
        open.add(node);
        return new Joined(node, port.address());
    }

    private WillingHelper helper() throws IOException {
        WillingHelper helper = new WillingHelper(directory.resolve("h"));
        open.add(helper);
        return helper;
    }

    private void serve() throws IOException {
        helper();
        Exports exports = Exports.start(
                directory.resolve("h"),
                new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420),
                blobs,
                sessions,
                directory.resolve("exports"),
                64 << 20);
        open.add(exports);
        service.serve(exports);
    }

    /** A daemon's, as its configuration wants it. */
    private NvmeofSide side() throws Exception {
        Path file = Files.writeString(directory.resolve("ringpull.toml"), """
            [node]
            state = "%1$s/state"
            [peer]
            data = "plain"
            cert = "/c"
            key = "/k"
            ca = "/a"
            [helper]
            socket = "%1$s/h"
            [nvmeof]
            enabled = true
            """.formatted(directory));
        Closer parts = new Closer();
        open.add(parts);
        return NvmeofSide.start(
                ConfigFile.load(file),
                InetAddress.ofLiteral("127.0.0.1"),
                blobs,
                sessions,
                Optional.empty(),
                service,
                new Meters(new SimpleMeterRegistry()),
                parts);
    }

    /** Another way that always fits, and is only named. */
    private static final Ways.Way RDMA = new Ways.Way(
            new Transport() {
                @Override
                public String name() {
                    return "rdma";
                }

                @Override
                public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public void close() {}
            },
            (holder, blob, range) -> true);

    private List<Ways.Way> ways(NvmeofSide side, NvmeofLeases leases, Optional<Ways.Way> rdma) {
        List<Ways.Way> ways = side.ways(leases, rdma);
        ways.forEach(way -> open.add(way.transport()));
        return ways;
    }

    /** By what the reader tries to read so much from the holder, in order. */
    private static List<String> tried(List<Ways.Way> ways, long bytes) {
        return ways.stream()
                .filter(way -> way.fit().fits(HOLDER, ANY, new ByteRange(0, bytes)))
                .map(way -> way.transport().name())
                .toList();
    }

    @Test
    void rdmaComesFirstAndDisksAfterIt() throws Exception {
        helper();
        NvmeofSide side = side();
        assertThat(side.problems()).isEmpty();
        assertThat(side.transports()).containsExactly("nvmeof");
        NvmeofLeases leases = join("tcp-plain", "rdma", "nvmeof");
        List<Ways.Way> both = ways(side, leases, Optional.of(RDMA));

        assertThat(tried(both, LARGE)).containsExactly("rdma", "nvmeof");
        assertThat(tried(both, LARGE - 1)).containsExactly("rdma");
        assertThat(tried(ways(side, leases, Optional.empty()), LARGE)).containsExactly("nvmeof");
        assertThat(leases.isShortOfCpu(HOLDER)).isFalse();
        assertThat(tried(both, LARGE)).as("when the holder has said so").containsExactly("rdma", "nvmeof");
    }

    @Test
    void fromAHolderThatIsShortOfCpuDisksComeFirst() throws Exception {
        pressure("61.70");
        helper();
        NvmeofSide side = side();
        NvmeofLeases leases = join("tcp-plain", "rdma", "nvmeof");
        List<Ways.Way> both = ways(side, leases, Optional.of(RDMA));

        Await.until("the holder's answer", () -> tried(both, LARGE).equals(List.of("nvmeof", "rdma", "nvmeof")));

        assertThat(tried(both, LARGE - 1)).as("what is not worth a disk").containsExactly("rdma");
        assertThat(tried(ways(side, leases, Optional.empty()), LARGE)).containsExactly("nvmeof");
    }

    @Test
    void aKernelThatCannotReadLeavesItToRdmaAndOneThatCannotShowAnnouncesNothing() throws Exception {
        helper().able("no target", "no host");
        NvmeofSide side = side();

        assertThat(side.problems())
                .containsExactly(
                        "blobs are not read over NVMe over Fabrics: no host",
                        "blobs are not shown over NVMe over Fabrics: no target");
        assertThat(side.transports()).isEmpty();
        assertThat(ways(side, join("tcp-plain", "nvmeof"), Optional.of(RDMA))).containsExactly(RDMA);
    }

    @Test
    void withoutAHelperNothingIsAnnouncedAndTheStatusSaysWhatToStart() throws Exception {
        NvmeofSide side = side();

        assertThat(side.problems())
                .singleElement()
                .asString()
                .startsWith("no NVMe over Fabrics: cannot connect to " + directory)
                .contains("start ringpull-helper.service");
        assertThat(side.transports()).isEmpty();
    }

    @Test
    void aHolderWithBothWaysSaysWhetherItIsShortOfCpu() throws Exception {
        serve();
        NvmeofLeases leases = join("tcp-plain", "rdma", "nvmeof");

        assertThat(leases.isShortOfCpu(HOLDER)).isFalse();
        pressure("61.70");
        assertThat(leases.isShortOfCpu(HOLDER)).isTrue();
    }

    @Test
    void oneWithoutRdmaIsNotAsked() throws Exception {
        pressure("99.00");
        NvmeofLeases leases = join("tcp-plain", "nvmeof");

        assertThat(leases.isShortOfCpu(HOLDER)).isFalse();
    }

    @Test
    void oneThatShowsNothingRefuses() throws Exception {
        pressure("99.00");
        NvmeofLeases leases = join("tcp-plain", "rdma", "nvmeof");

        assertThatThrownBy(() -> leases.isShortOfCpu(HOLDER))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("shows no blobs over NVMe-oF");
    }

    @Test
    void aBlobIsLeasedToTheMemberThatHasTheSessionUntilItIsReleased() throws Exception {
        serve();
        NvmeofLeases leases = join("tcp-plain", "nvmeof");
        byte[] blob = blobs.add(100_000, 1);
        Session session = sessions.make(PeerTls.of(reader).identity().memberId());
        Session another = sessions.make("another");

        Lease lease = leases.lease(HOLDER, session, TestBlobs.digest(blob)).orElseThrow();

        assertThat(lease.sizeBytes()).isEqualTo(blob.length);
        assertThat(lease.endpoint().port()).isEqualTo(4420);
        assertThat(leases.lease(HOLDER, session, TestBlobs.digest(blob))).contains(lease);
        assertThat(leases.lease(HOLDER, session, Digest.ofBytes(new byte[32]))).isEmpty();
        assertThatThrownBy(() -> leases.lease(HOLDER, another, TestBlobs.digest(blob)))
                .hasMessageContaining("not this member's");

        leases.release(HOLDER, session, lease.namespace());
        Await.until("it is shown no longer", () -> {
            try {
                return !leases.lease(HOLDER, session, TestBlobs.digest(blob))
                        .orElseThrow()
                        .namespace()
                        .equals(lease.namespace());
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }
}
