package ringpull.transport.nvmeof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.guest.Scenarios;
import ringpull.helper.Endpoint;
import ringpull.helper.HelperClient;
import ringpull.helper.Request;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;
import ringpull.transport.TransferException;
import ringpull.transport.session.Session;

/** What holds where a kernel is between: run in a guest. */
public final class KernelScenarios {
    private static final int SIZE = (9 << 20) + 12_345;
    private static final Duration WAIT = Duration.ofSeconds(60);

    private final KernelFixture.Helper helper;

    private KernelScenarios(KernelFixture.Helper helper) {
        this.helper = helper;
    }

    public static void main(String[] arguments) throws Exception {
        try (KernelFixture.Helper helper = new KernelFixture.Helper()) {
            Scenarios all = new KernelScenarios(helper).scenarios();
            new Deaths(helper).add(all);
            new HostileWriters(helper).add(all);
            new DiskRules(helper).add(all);
            all.run();
        }
    }

    private Scenarios scenarios() {
        return new Scenarios()
                .add("ranges arrive as they are, over one connection", this::ranges)
                .add("a host that has no session is refused", this::stranger)
                .add("a wrong key is refused", this::wrongKey)
                .add("over RDMA it is the same", this::rdma)
                .add("a blob full of signatures makes no device", this::signatures)
                .add("leases leave nothing behind", this::manyLeases);
    }

    static byte[] read(NvmeofTransport reader, Digest digest, ByteRange range)
            throws TransferException, InterruptedException {
        TestBlobs.Landed landed = new TestBlobs.Landed(range.offset(), (int) range.length());
        reader.read(KernelFixture.HOLDER, digest, range, landed);
        return landed.bytes();
    }

    private void ranges() throws Exception {
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            byte[] blob = kernel.blobs.add(SIZE, 1);
            Digest digest = TestBlobs.digest(blob);
            NvmeofTransport reader = kernel.reader("a");
            for (ByteRange range : List.of(
                    new ByteRange(0, SIZE),
                    new ByteRange(0, 1),
                    new ByteRange(SIZE - 1, 1),
                    new ByteRange(4095, 2),
                    new ByteRange(777, 3 << 20))) {
                assertThat(read(reader, digest, range))
                        .as("%s", range)
                        .isEqualTo(Arrays.copyOfRange(blob, (int) range.offset(), (int) range.end()));
            }
            byte[] tiny = kernel.blobs.add(1, 2);
            assertThat(read(reader, TestBlobs.digest(tiny), new ByteRange(0, 1)))
                    .isEqualTo(tiny);
            assertThat(KernelFixture.controllers()).isOne();
            for (List<String> limit : List.of(
                    List.of("fast_io_fail_tmo", "2"), List.of("ctrl_loss_tmo", "6"), List.of("reconnect_delay", "1"))) {
                assertThat(Files.readString(
                                KernelFixture.CONTROLLERS.resolve("nvme0").resolve(limit.getFirst())))
                        .isEqualToIgnoringNewLines(limit.getLast());
            }
            assertThat(KernelFixture.namespaces()).isEqualTo(2);
            assertThat(kernel.exports.count()).isEqualTo(2);
            assertThatThrownBy(() -> read(reader, Digest.ofBytes(new byte[32]), new ByteRange(0, 1)))
                    .isInstanceOf(TransferException.NotHeld.class);
        }
    }

    private void stranger() throws Exception {
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            byte[] blob = kernel.blobs.add(SIZE, 1);
            read(kernel.reader("a"), TestBlobs.digest(blob), new ByteRange(0, 1));
            Session unknown = kernel.sessions.make("b");
            assertRefused(kernel, unknown, DerivedKey.of(unknown.secret()));
            // Another member's session leads to no lease.
            Session known = kernel.sessions.make("a");
            assertThatThrownBy(() -> kernel.exports.lease("b", known.id(), TestBlobs.digest(blob)))
                    .isInstanceOf(Exports.Refused.class);
        }
    }

    private void wrongKey() throws Exception {
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            byte[] blob = kernel.blobs.add(SIZE, 1);
            Session session = kernel.sessions.make("a");
            assertThat(kernel.exports.lease("a", session.id(), TestBlobs.digest(blob)))
                    .isPresent();
            assertRefused(kernel, session, Request.Key.of(new byte[32]));

            try (HelperClient right = HelperClient.connect(kernel.socket)) {
                right.ask(
                        new Request.Connect(
                                kernel.endpoint, new Request.Session(session.id()), DerivedKey.of(session.secret())),
                        WAIT);
                assertThat(KernelFixture.controllers()).isOne();
            }
        }
    }

    private static void assertRefused(KernelFixture kernel, Session session, Request.Key key) throws IOException {
        int before = KernelFixture.controllers();
        try (HelperClient helper = HelperClient.connect(kernel.socket)) {
            Request.Connect connect = new Request.Connect(kernel.endpoint, new Request.Session(session.id()), key);
            assertThatThrownBy(() -> helper.ask(connect, WAIT)).isInstanceOf(HelperClient.Refused.class);
            assertThat(KernelFixture.controllers()).isEqualTo(before);
        }
    }

    private void rdma() throws Exception {
        run("ip", "link", "add", "d0", "type", "dummy");
        run("ip", "addr", "add", "10.8.0.1/24", "dev", "d0");
        run("ip", "link", "set", "d0", "mtu", "9000", "up");
        run("rdma", "link", "add", "rxe0", "type", "rxe", "netdev", "d0");
        Endpoint endpoint = new Endpoint(Endpoint.Fabric.RDMA, InetAddress.ofLiteral("10.8.0.1"), 4420);
        try (KernelFixture kernel = new KernelFixture(helper, Files.createTempDirectory("blobs"), endpoint)) {
            byte[] blob = kernel.blobs.add(SIZE, 1);
            assertThat(read(kernel.reader("a"), TestBlobs.digest(blob), new ByteRange(0, SIZE)))
                    .isEqualTo(blob);
            assertThat(Files.readString(KernelFixture.CONTROLLERS.resolve("nvme0/transport")))
                    .isEqualToIgnoringNewLines("rdma");
        } finally {
            run("ip", "link", "del", "d0");
        }
    }

    static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }

    private void signatures() throws Exception {
        byte[] blob = signed();
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            Digest digest = kernel.blobs.add(blob);
            NvmeofTransport reader = kernel.reader("a");
            assertThat(read(reader, digest, new ByteRange(0, blob.length))).isEqualTo(blob);
            assertThat(KernelFixture.disks()).hasSize(1);
            Path disk = Path.of("/dev", KernelFixture.disks().getFirst());
            Process probe = new ProcessBuilder("blkid", "-p", disk.toString())
                    .redirectErrorStream(true)
                    .start();
            String found = new String(probe.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            probe.waitFor();
            assertThat(found).isEmpty();
        }
        // The same bytes without zeros around them do make one: so the test can fail.
        Path file = Files.write(Files.createTempFile("raw", ".img"), blob);
        Process loop = new ProcessBuilder("losetup", "--find", "--show", "--partscan", file.toString()).start();
        String device = new String(loop.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        loop.waitFor();
        try {
            Path partition = Path.of("/sys/class/block", device.substring("/dev/".length()) + "p1");
            Await.until("a partition", () -> Files.exists(partition));
        } finally {
            new ProcessBuilder("losetup", "--detach", device).start().waitFor();
        }
    }

    /** A partition table, and the marks of LVM, ext4, btrfs and md. */
    private static byte[] signed() {
        byte[] blob = new byte[12 << 20];
        // One partition of type 0x83 from sector 16 on, 1,024 long.
        ByteBuffer.wrap(blob)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(446, (byte) 0x80)
                .put(450, (byte) 0x83)
                .putInt(454, 16)
                .putInt(458, 1024)
                .putShort(510, (short) 0xaa55);
        put(blob, 512, "LABELONE");
        put(blob, 512 + 24, "LVM2 001");
        blob[1024 + 56] = 0x53;
        blob[1024 + 57] = (byte) 0xef;
        put(blob, (64 << 10) + 64, "_BHRfS_M");
        ByteBuffer.wrap(blob).order(ByteOrder.LITTLE_ENDIAN).putInt(4096, 0xa92b4efc);
        return blob;
    }

    private static void put(byte[] blob, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, blob, at, bytes.length);
    }

    private void manyLeases() throws Exception {
        String scale = System.getenv().getOrDefault("RINGPULL_TEST_SCALE", "");
        int leases = 1000 * (scale.isEmpty() ? 1 : Integer.parseInt(scale));
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            byte[] blob = kernel.blobs.add(5000, 1);
            Digest digest = TestBlobs.digest(blob);
            for (int i = 0; i < leases; i++) {
                String member = "member " + i;
                Session session = kernel.sessions.make(member);
                Lease lease = kernel.exports.lease(member, session.id(), digest).orElseThrow();
                assertThat(kernel.exports.lease(member, session.id(), digest)).contains(lease);
                kernel.exports.release(member, session.id(), lease.namespace());
                if (i % 1000 == 999) { // of so many readers the kernel's tree has one each
                    Await.until("nothing shown", () -> kernel.exports.count() == 0);
                    assertThat(KernelFixture.namespaces()).isZero();
                    kernel.exports.clear();
                    Await.until(
                            "only the port left", () -> KernelFixture.inTarget().size() == 1);
                }
            }
        }
        assertThat(KernelFixture.inTarget()).isEmpty();
    }
}
