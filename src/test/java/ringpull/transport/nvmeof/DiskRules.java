package ringpull.transport.nvmeof;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import ringpull.demo.Programs;
import ringpull.guest.Scenarios;
import ringpull.helper.Endpoint;
import ringpull.helper.HelperClient;
import ringpull.helper.Request;
import ringpull.os.Descriptor;
import ringpull.transport.Await;

/**
 * The worst disk that a member can show, whose kernel lies: no zeros before it, a physical volume of LVM on it, a model of
 * its own. What udev and LVM of the reader make of it by the rules and the filter that ship.
 */
final class DiskRules {
    private static final Path SHIPPED = Path.of(System.getProperty("ringpull.root", "."), "systemd");
    private static final Path UDEVD = Path.of("/lib/systemd/systemd-udevd");
    private static final Endpoint ENDPOINT =
            new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420);
    private static final Duration WAIT = Duration.ofSeconds(60);
    private static final int BYTES = 16 << 20;

    private final KernelFixture.Helper helper;

    DiskRules(KernelFixture.Helper helper) {
        this.helper = helper;
    }

    void add(Scenarios all) {
        if (!Files.exists(UDEVD) || Programs.find("pvs").isEmpty()) {
            System.err.println("udev's rules and LVM's filter are not tried: systemd-udevd or lvm2 is not installed");
            return;
        }
        all.add("udev and LVM leave a lying member's disk alone", this::lyingMember);
    }

    private void lyingMember() throws Exception {
        Path rules = Files.createDirectories(Path.of("/run/udev/rules.d"));
        Files.copy(SHIPPED.resolve("59-ringpull-nvme.rules"), rules.resolve("59-ringpull-nvme.rules"));
        Process udev = new ProcessBuilder(UDEVD.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Path image = Files.createTempDirectory("lvm").resolve("image");
        try (Descriptor file = Descriptor.create(image)) {
            Await.until("udev listens", () -> Files.exists(Path.of("/run/udev/control")));
            makeVolume(file, image);
            show(file);
        } finally {
            udev.destroy();
            udev.waitFor();
        }
    }

    /** Seen as such where nothing forbids it: so the test can fail. */
    private static void makeVolume(Descriptor file, Path image) throws Exception {
        try (FileChannel channel = file.channel()) {
            channel.write(ByteBuffer.wrap(new byte[1]), BYTES - 1);
        }
        String loop = said(Map.of(), "losetup", "--find", "--show", image.toString());
        try {
            said(Map.of(), "pvcreate", "-q", loop);
            said(Map.of(), "vgcreate", "-q", "foreign", loop);
            until("udev knows a volume", () -> properties(loop).contains("ID_FS_TYPE=LVM2_member"));
        } finally {
            said(Map.of(), "losetup", "--detach", loop);
        }
    }

    private void show(Descriptor file) throws Exception {
        Request.Session session = new Request.Session("0123456789abcdef".repeat(2));
        Request.Key key = Request.Key.of(new byte[32]);
        UUID name = UUID.randomUUID();
        try (HelperClient target = HelperClient.connect(helper.socket)) {
            target.ask(new Request.Listen(ENDPOINT), WAIT);
            target.ask(new Request.Export(session, key, name), file, WAIT);
            Path subsystem = KernelFixture.NVMET
                    .resolve("subsystems")
                    .resolve(KernelFixture.inTarget().stream()
                            .filter(one -> one.startsWith("subsystems/"))
                            .findFirst()
                            .orElseThrow()
                            .substring("subsystems/".length()));
            Files.writeString(subsystem.resolve("attr_model"), "Samsung");
            try (HelperClient reader = HelperClient.connect(helper.socket)) {
                reader.ask(new Request.Connect(ENDPOINT, session, key), WAIT);
                reader.ask(new Request.Open(name), WAIT).close();
                leftAlone("/dev/" + KernelFixture.disks().getFirst());
            }
            KernelFixture.awaitNoController();
        }
        Await.until("nothing left in the kernel", () -> KernelFixture.inTarget().isEmpty());
    }

    private static void leftAlone(String disk) throws Exception {
        assertThat(Files.readString(Path.of("/sys/class/nvme/nvme0/model"))).startsWith("Samsung");
        until("udev has seen it", () -> properties(disk).contains("SYSTEMD_READY="));
        List<String> known = properties(disk).lines().toList();
        assertThat(known)
                .contains(
                        "SYSTEMD_READY=0",
                        "UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG=1",
                        "UDISKS_IGNORE=1",
                        "nompath=1",
                        "RINGPULL_BLOB=1",
                        "DEVLINKS=" + disk.replace("/dev/", "/dev/ringpull/"))
                .noneMatch(property -> property.startsWith("ID_"));
        assertThat(Path.of("/run/udev/watch", "b" + value(known, "MAJOR") + ":" + value(known, "MINOR")))
                .as("udev's watch")
                .doesNotExist();

        assertThat(volumes(Map.of())).as("by LVM's own defaults").contains(disk);
        Path system = Files.createTempDirectory("lvm");
        Files.copy(SHIPPED.resolve("ringpull-lvm.conf"), system.resolve("lvm.conf"));
        assertThat(volumes(Map.of("LVM_SYSTEM_DIR", system.toString()))).isEmpty();
    }

    private static String volumes(Map<String, String> environment) throws IOException, InterruptedException {
        return said(environment, "pvs", "--noheadings", "-o", "pv_name");
    }

    private static String properties(String device) throws IOException, InterruptedException {
        return said(Map.of(), "udevadm", "info", "--query=property", device);
    }

    private static String value(List<String> properties, String name) {
        return properties.stream()
                .filter(property -> property.startsWith(name + "="))
                .findFirst()
                .orElseThrow()
                .substring(name.length() + 1);
    }

    private static void until(String what, Callable<Boolean> condition) throws InterruptedException {
        Await.until(what, () -> {
            try {
                return condition.call();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
    }

    private static String said(Map<String, String> environment, String... command)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as(String.join(" ", command) + ": " + output)
                .isZero();
        return output.strip();
    }
}
