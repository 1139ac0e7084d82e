package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.helper.Endpoint;
import ringpull.helper.HelperClient;
import ringpull.helper.Request;
import ringpull.os.Descriptor;
import ringpull.transport.TestBlobs;

/** The root helper's unit that ships, under a real systemd: its sandbox keeps it from nothing that it is there for. */
@NeedsRoot
@NeedsPrograms({"systemctl", "systemd-run", "unshare", "nsenter", "modprobe", "setpriv"})
class HelperUnitTest extends UnitFixture {
    private static final Duration WAIT = Duration.ofSeconds(60);
    private static final String SOCKET = "/run/ringpull-helper/helper.sock";
    private static final String WANTED =
            "[nvmeof]\nenabled = true\n[peer]\ndata = \"plain\"\ncert = \"/c\"\nkey = \"/k\"\nca = \"/a\"\n";
    private static final Path NVMET = Path.of("/sys/kernel/config/nvmet");

    HelperUnitTest() {
        super("ringpull-helper.service", "", WANTED);
    }

    private HelperClient connect() throws IOException {
        return HelperClient.connect(machine.file(SOCKET));
    }

    private String run(String... command) throws IOException, InterruptedException {
        SystemdMachine.Ran ran = machine.inside(List.of(command));
        assertThat(ran.code()).as(String.join(" ", command) + ": " + ran.said()).isZero();
        return ran.said();
    }

    private String doctorAs(String user) throws IOException, InterruptedException {
        return machine.inside(List.of(
                        "setpriv",
                        "--reuid=" + user,
                        "--clear-groups",
                        "--no-new-privs",
                        "/mnt/ringpull",
                        "doctor",
                        "--config",
                        "/mnt/etc/ringpull.toml"))
                .said();
    }

    @Test
    void itListensOnceItIsStartedAndToTheDaemonsUserAlone() throws Exception {
        start();

        assertThat(run("stat", "-c", "%A %U %G", SOCKET)).isEqualTo("srw------- ringpull root");
        assertThat(run("stat", "-c", "%A %U %G", "/run/ringpull-helper")).isEqualTo("drwxr-xr-x root root");
        assertThat(doctorAs("ringpull")).contains("answers at " + SOCKET);
        assertThat(doctorAs("nobody")).contains("cannot connect to " + SOCKET + ": Permission denied");
        run("chmod", "666", SOCKET);
        assertThat(doctorAs("nobody"))
                .as("who asks is what counts, not the socket's mode")
                .contains("the helper did not answer");
    }

    @Test
    void whatTheKernelCannotDoIsSaidAndIsNotTheSandboxsDoing() throws Exception {
        start();

        try (HelperClient helper = connect()) {
            HelperClient.Abilities abilities = helper.probe(WAIT);
            if (!Files.exists(NVMET)) {
                String why = "no " + NVMET + ": the kernel has no NVMe target (modprobe nvmet)";
                assertThat(abilities.targetProblem()).isEqualTo(why);
                Request.Listen listen = new Request.Listen(endpoint());
                assertThatThrownBy(() -> helper.ask(listen, WAIT)).hasMessage(why);
            }
            assertThat(abilities.hostProblem()).startsWith("no /dev/nvme-fabrics: the kernel is no NVMe-oF host");
        }
    }

    /** loop-control stands in, which cannot be read: that it was asked is what is seen. */
    @Test
    void modulesAreLoadedBeforeItAndTheirDeviceIsNotShutOut() throws Exception {
        machine.modprobe(
                "echo \"$@\" >> /run/modules; [ -e /dev/nvme-fabrics ] || mknod -m 600 /dev/nvme-fabrics c 10 237");

        start();

        try (HelperClient helper = connect()) {
            assertThat(helper.probe(WAIT).hostProblem())
                    .isEqualTo("cannot ask /dev/nvme-fabrics what it knows: java.io.IOException: Invalid argument");
        }
        assertThat(run("cat", "/run/modules").lines().map(line -> line.replaceFirst(".* ", "")))
                .contains("nvmet", "nvmet_tcp", "nvmet_rdma", "nvme_fabrics", "nvme_tcp", "nvme_rdma");
    }

    private static Endpoint endpoint() {
        return new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420);
    }

    @Test
    void stoppedItLeavesNothingAndKilledItIsThereAgain() throws Exception {
        start();
        try (HelperClient asked = connect()) {
            asked.probe(WAIT);

            machine.kill("KILL");

            machine.await(
                    "it was started again", () -> machine.property("NRestarts").equals("1"));
            machine.await(
                    "it is ready again", () -> machine.property("ActiveState").equals("active"));
            assertThatThrownBy(() -> asked.probe(WAIT)).isInstanceOf(IOException.class);
        }
        assertThat(machine.systemctl("restart", "ringpull-helper.service").code())
                .isZero();
        try (HelperClient again = connect()) {
            again.probe(WAIT);

            assertThat(machine.systemctl("stop", "ringpull-helper.service").code())
                    .isZero();
        }

        assertThat(machine.property("ActiveState")).isEqualTo("inactive");
        assertThat(machine.property("Result")).isEqualTo("success");
        assertThat(machine.property("ExecStopPost")).as("the sweep").contains("status=0/0");
        assertThat(machine.file("/run/ringpull-helper")).doesNotExist();
    }

    @Test
    @NeedsPrograms({"containerd", "ctr"})
    void wrongBytesAreTakenBackFromContainerd() throws Exception {
        containerd();
        start();
        byte[] blob = new byte[3 << 20];
        new Random(7).nextBytes(blob);
        Digest digest = TestBlobs.digest(blob);
        Path stored = Files.write(directory.resolve("blob"), blob);
        blob[1_000_000] ^= 1;
        Files.write(directory.resolve("etc/wrong"), blob);
        String ingest = "ctr content ingest --expected-size " + blob.length + " --expected-digest " + digest + " layer-"
                + digest + " < /mnt/etc/wrong";
        assertThat(machine.inside(List.of("bash", "-c", ingest)).said()).contains("unexpected commit digest");
        assertThat(run("ctr", "content", "active")).contains("layer-" + digest);

        try (HelperClient helper = connect();
                Descriptor open = Descriptor.open(stored)) {
            assertThat(helper.ask(new Request.Abort(digest), open, WAIT)).isOne();
        }

        assertThat(run("ctr", "content", "active")).doesNotContain("layer-");
    }

    private void containerd() throws Exception {
        Files.writeString(
                directory.resolve("etc/containerd.toml"),
                "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.cri.v1.images\","
                        + " \"io.containerd.cri.v1.runtime\"]\n",
                StandardCharsets.UTF_8);
        run("systemd-run", "--unit=containerd", "containerd", "--config", "/mnt/etc/containerd.toml");
        machine.await(
                "containerd answers",
                () -> machine.inside(List.of("ctr", "version")).code() == 0);
    }
}
