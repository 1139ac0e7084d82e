package ringpull.transport.nvmeof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.guest.Scenarios;
import ringpull.helper.Endpoint;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;

/** Readers whose root writes to what is shown to them, on each file system of which anything can be shown. */
final class HostileWriters {
    private static final int SIZE = (9 << 20) + 12_345;
    private static final int ON_DISK = 24 << 20;

    private final KernelFixture.Helper helper;

    HostileWriters(KernelFixture.Helper helper) {
        this.helper = helper;
    }

    void add(Scenarios all) {
        all.add("nobody can write what is shown from memory", this::writerInMemory)
                .add("a writer on Btrfs spoils its own copy alone", this::writerOnBtrfs)
                .add("one that lifts write protection, on XFS, spoils its own copy alone", this::writerOnXfs)
                .add("overlayfs is refused by name", this::overlay);
    }

    private void writerInMemory() throws Exception {
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            byte[] blob = kernel.blobs.add(SIZE, 1);
            Digest digest = TestBlobs.digest(blob);
            NvmeofTransport reader = kernel.reader("a");
            KernelScenarios.read(reader, digest, new ByteRange(0, 1));
            Path disk = Path.of("/dev", KernelFixture.disks().getFirst());

            assertThatThrownBy(() -> HostileHost.overwrite(disk)).isInstanceOf(IOException.class);
            liftProtection(disk);
            assertThatThrownBy(() -> HostileHost.overwrite(disk)).isInstanceOf(IOException.class);

            assertThat(KernelScenarios.read(kernel.reader("b"), digest, new ByteRange(0, SIZE)))
                    .isEqualTo(blob);
            assertThat(kernel.blobs.open(digest).orElseThrow().sizeBytes()).isEqualTo(SIZE);
        }
    }

    /** Both that a host can: what its own kernel keeps, and what the target does. */
    private static void liftProtection(Path disk) throws Exception {
        HostileHost.protect(disk, true);
        Await.until("protection", () -> isReadOnly(disk));
        HostileHost.protect(disk, false);
        HostileHost.readOnly(disk, false);
        Await.until("no protection", () -> !isReadOnly(disk));
    }

    private static boolean isReadOnly(Path disk) {
        try {
            return HostileHost.isReadOnly(disk);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void writerOnBtrfs() throws Exception {
        writerOnDisk("mkfs.btrfs", false);
    }

    private void writerOnXfs() throws Exception {
        writerOnDisk("mkfs.xfs", true);
    }

    private void overlay() throws Exception {
        Path mount = mounted("mkfs.xfs");
        Path merged = Files.createTempDirectory("merged");
        Path work = Files.createDirectory(mount.resolve("work"));
        String layers = "lowerdir=" + Files.createTempDirectory("lower") + ",upperdir="
                + Files.createDirectory(mount.resolve("upper")) + ",workdir=" + work;
        KernelScenarios.run("mount", "-t", "overlay", "overlay", "-o", layers, merged.toString());
        try (Copies onVolume = new Copies(mount.resolve("exports"), 0);
                Copies onOverlay = new Copies(merged.resolve("exports"), 0)) {
            assertThat(onVolume.how()).isEqualTo("blocks shared on disk");
            assertThat(onOverlay.how()).isEmpty();
            assertThat(onOverlay.whyNotOnDisk()).contains("overlayfs", "put [node] state on a volume");
        } finally {
            KernelScenarios.run("umount", merged.toString());
            KernelScenarios.run("umount", mount.toString());
        }
    }

    private static Path mounted(String mkfs) throws IOException, InterruptedException {
        Path mount = Files.createTempDirectory("disk");
        Path image = Files.createTempFile("disk", ".img");
        KernelScenarios.run("truncate", "-s", "320M", image.toString());
        KernelScenarios.run(mkfs, "-q", image.toString());
        KernelScenarios.run("mount", "-o", "loop", image.toString(), mount.toString());
        return mount;
    }

    private void writerOnDisk(String mkfs, boolean lifting) throws Exception {
        Path mount = mounted(mkfs);
        try (KernelFixture kernel = new KernelFixture(
                helper,
                mount.resolve("store"),
                new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420))) {
            byte[] blob = kernel.blobs.add(ON_DISK, 1);
            Digest digest = TestBlobs.digest(blob);
            KernelScenarios.run("sync");
            long free = mount.toFile().getUsableSpace();
            NvmeofTransport writing = kernel.reader("a");
            assertThat(KernelScenarios.read(writing, digest, new ByteRange(0, ON_DISK)))
                    .isEqualTo(blob);
            Path disk = Path.of("/dev", KernelFixture.disks().getFirst());
            KernelScenarios.run("sync");
            assertThat(free - mount.toFile().getUsableSpace())
                    .as("bytes for the copy")
                    .isLessThan(ON_DISK / 2);
            NvmeofTransport honest = kernel.reader("b");
            KernelScenarios.read(honest, digest, new ByteRange(0, 1));

            if (lifting) {
                liftProtection(disk);
            }
            HostileHost.overwrite(disk);

            assertThat(KernelScenarios.read(writing, digest, new ByteRange(0, 1 << 20)))
                    .as("what the writer sees, and would not prove")
                    .isNotEqualTo(Arrays.copyOf(blob, 1 << 20));
            assertThat(KernelScenarios.read(honest, digest, new ByteRange(0, ON_DISK)))
                    .isEqualTo(blob);
            assertThat(KernelScenarios.read(kernel.reader("c"), digest, new ByteRange(0, ON_DISK)))
                    .isEqualTo(blob);
            assertThat(TestBlobs.digest(
                            Files.readAllBytes(mount.resolve("store").resolve(digest.hex()))))
                    .isEqualTo(digest);
        } finally {
            KernelScenarios.run("umount", mount.toString());
        }
    }
}
