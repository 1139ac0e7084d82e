package ringpull.e2e;

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
import java.util.UUID;
import java.util.stream.Stream;
import ringpull.guest.Scenarios;
import ringpull.helper.Endpoint;
import ringpull.helper.HelperClient;
import ringpull.helper.Request;
import ringpull.os.Descriptor;

/**
 * The helper's unit that ships, under a systemd of its own, on a kernel that has all that it drives: what {@link
 * HelperUnitTest} cannot try where there is no such kernel. No other helper may run.
 */
public final class HelperUnitOnKernel {
    private static final String UNIT = "ringpull-helper.service";
    private static final Endpoint ENDPOINT =
            new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420);
    private static final Duration WAIT = Duration.ofSeconds(60);
    private static final int BYTES = 3 << 20;

    private HelperUnitOnKernel() {}

    public static void main(String[] arguments) {
        new Scenarios()
                .add(
                        "the unit loads what it needs, its sandbox lets it show and read, and a kill leaves nothing",
                        HelperUnitOnKernel::run)
                .run();
    }

    private static void run() throws Exception {
        controlGroups();
        SystemdMachine machine =
                SystemdMachine.bootOnItsKernel(Files.createTempDirectory(Path.of("/dev/shm"), "u"), UNIT);
        try (Descriptor file = sealed()) {
            SystemdMachine.Ran started = machine.systemctl("start", UNIT);
            assertThat(started.code()).as(started.said() + machine.log()).isZero();
            Path socket = machine.file("/run/ringpull-helper/helper.sock");
            showAndRead(socket, file, () -> {
                machine.kill("KILL");
                machine.await(
                        "it was started again",
                        () -> machine.property("NRestarts").equals("1"));
                machine.await(
                        "it is ready again",
                        () -> machine.property("ActiveState").equals("active"));
            });
            machine.await("nothing left of a killed one", () -> left().isEmpty());

            showAndRead(
                    socket,
                    file,
                    () -> assertThat(machine.systemctl("stop", UNIT).code()).isZero());
            machine.await("nothing left of one that was stopped", () -> left().isEmpty());
        } catch (Exception | AssertionError e) {
            throw new AssertionError(machine.log(), e);
        } finally {
            machine.close();
        }
    }

    /** Which a guest has not mounted. */
    private static void controlGroups() throws IOException, InterruptedException {
        Process mount = new ProcessBuilder(
                        "sh", "-c", "mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup")
                .redirectErrorStream(true)
                .start();
        String said = new String(mount.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(mount.waitFor()).as(said).isZero();
    }

    private static Descriptor sealed() throws IOException {
        Descriptor file = Descriptor.inMemory("test");
        try (FileChannel channel = file.channel()) {
            channel.write(ByteBuffer.allocate(BYTES));
            channel.write(ByteBuffer.wrap(new byte[] {42}), 1 << 20);
        }
        file.seal();
        return file;
    }

    private interface End {
        void come() throws Exception;
    }

    private static void showAndRead(Path socket, Descriptor file, End end) throws Exception {
        Request.Session session = new Request.Session("0123456789abcdef".repeat(2));
        Request.Key key = Request.Key.of(new byte[32]);
        UUID name = UUID.randomUUID();
        try (HelperClient holder = HelperClient.connect(socket);
                HelperClient reader = HelperClient.connect(socket)) {
            assertThat(holder.probe(WAIT)).isEqualTo(new HelperClient.Abilities("", ""));
            holder.ask(new Request.Listen(ENDPOINT), WAIT);
            holder.ask(new Request.Export(session, key, name), file, WAIT);
            reader.ask(new Request.Connect(ENDPOINT, session, key), WAIT);
            try (Descriptor disk = reader.ask(new Request.Open(name), WAIT)) {
                ByteBuffer block =
                        ByteBuffer.allocateDirect(2 * 4096).alignedSlice(4096).limit(4096);
                assertThat(disk.read(block, 1 << 20)).isEqualTo(4096);
                assertThat(block.get(0)).isEqualTo((byte) 42);
            }
            assertThat(left()).isNotEmpty();
            end.come();
        }
    }

    /** What of ours the kernel has. */
    private static List<Path> left() throws IOException {
        try (Stream<Path> subsystems = Files.list(Path.of("/sys/kernel/config/nvmet/subsystems"));
                Stream<Path> hosts = Files.list(Path.of("/sys/kernel/config/nvmet/hosts"));
                Stream<Path> ports = Files.list(Path.of("/sys/kernel/config/nvmet/ports"));
                Stream<Path> controllers = Files.list(Path.of("/sys/class/nvme"))) {
            return Stream.of(subsystems, hosts, ports, controllers)
                    .flatMap(all -> all)
                    .toList();
        }
    }
}
