package ringpull.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.helper.HelperClient;

/** A host as a tree of files, like the kernel's. */
class NvmeofHostTest {
    private static final HelperClient.Abilities ALL = new HelperClient.Abilities("", "");

    @TempDir
    Path root;

    @BeforeEach
    void kernel() throws IOException {
        write("proc/sys/kernel/osrelease", "6.12.0-x\n");
        write("proc/mounts", "sysfs /sys sysfs rw 0 0\n");
        write("proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:    2097152 kB\n");
    }

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private List<Finding> examine(boolean enabled, long memory, NvmeofHost.Helper helper) throws IOException {
        Config.Nvmeof settings = new Config.Nvmeof(enabled, Config.Fabric.TCP, 4420, memory);
        return new NvmeofHost(settings, Path.of("/run/h.sock"), root.resolve("state/not/there"), root, helper)
                .examine();
    }

    private static Finding about(List<Finding> findings, String subject) {
        return findings.stream()
                .filter(finding -> finding.subject().startsWith(subject))
                .findFirst()
                .orElseThrow(() -> new AssertionError("nothing about " + subject + " in " + findings));
    }

    private static List<Finding> bad(List<Finding> findings) {
        return findings.stream()
                .filter(finding -> finding.level() == Finding.Level.BAD)
                .toList();
    }

    @Test
    void whereItIsNotWantedNobodyIsAsked() throws IOException {
        List<Finding> findings = examine(false, 0, socket -> {
            throw new AssertionError("asked");
        });

        assertThat(findings)
                .singleElement()
                .satisfies(only -> assertThat(only.level()).isEqualTo(Finding.Level.OK));
    }

    @Test
    void aHostThatHasEverythingIsWell() throws IOException {
        write("proc/mounts", "configfs /sys/kernel/config configfs rw 0 0\n");
        Files.createDirectories(root.resolve("sys/kernel/config/nvmet"));
        Files.createDirectories(root.resolve("sys/module/nvmet_tcp"));
        write("dev/nvme-fabrics", "");
        write("lib/modules/6.12.0-x/modules.builtin", "kernel/drivers/nvme/host/nvme-tcp.ko\n");

        List<Finding> findings = examine(true, 1 << 20, socket -> ALL);

        assertThat(bad(findings)).isEmpty();
        assertThat(about(findings, "configfs").text()).isEqualTo("mounted");
        assertThat(about(findings, "nvmet-tcp").text()).isEqualTo("there");
        assertThat(about(findings, "nvme-tcp").text()).isEqualTo("built in");
        assertThat(about(findings, "showing blobs").level()).isEqualTo(Finding.Level.OK);
    }

    @Test
    void whatIsNotLoadedIsToldFromWhatIsNotThere() throws IOException {
        write("lib/modules/6.12.0-x/modules.dep", "kernel/drivers/nvme/target/nvmet-tcp.ko.xz: a b\n");

        List<Finding> findings = examine(true, 1 << 20, socket -> ALL);

        assertThat(about(findings, "configfs").level()).isEqualTo(Finding.Level.NOTE);
        assertThat(about(findings, "nvmet-tcp").advice())
                .isEqualTo("modprobe nvmet-tcp, then restart ringpull-helper and ringpull");
        assertThat(about(findings, "nvme-tcp").text()).contains("not found", "read from others");
    }

    @Test
    void aKernelThatDoesNotKnowReadersIsNamedAsTheHelperNamesIt() throws IOException {
        String why = "the kernel's NVMe target knows no DH-HMAC-CHAP (CONFIG_NVME_TARGET_AUTH)";

        List<Finding> findings = examine(true, 1 << 20, socket -> new HelperClient.Abilities(why, ""));

        assertThat(bad(findings))
                .singleElement()
                .satisfies(only -> assertThat(only.text()).isEqualTo(why));
    }

    @Test
    void aHelperThatDoesNotAnswerIsInTheWay() throws IOException {
        List<Finding> findings = examine(true, 1 << 20, socket -> {
            throw new IOException("cannot connect to " + socket);
        });

        assertThat(about(findings, "helper").level()).isEqualTo(Finding.Level.BAD);
        assertThat(about(findings, "helper").advice()).contains("ringpull-helper");
    }

    @Test
    void moreMemoryThanThereIsIsPointedOut() throws IOException {
        assertThat(about(examine(true, 4L << 30, socket -> ALL), "memory").text())
                .contains("4096 MiB", "only 2048 MiB");
    }

    @Test
    void theStoresFileSystemIsNamed() throws IOException {
        String type = Files.getFileStore(root).type();

        Finding files = about(examine(true, 0, socket -> ALL), "file system of");

        assertThat(files.text()).contains(type.equals("overlay") ? "overlayfs" : type);
        assertThat(files.level() == Finding.Level.OK)
                .isEqualTo(List.of("xfs", "btrfs").contains(type));
    }

    @Test
    void whereProgramsWaitForCpusReadersAreToldAndSoIsTheOperator() throws IOException {
        assertThat(about(examine(true, 0, socket -> ALL), "CPUs").text()).contains("does not tell", "take RDMA first");

        write("proc/pressure/cpu", "some avg10=61.70 avg60=0.00 avg300=0.00 total=1\n");

        assertThat(about(examine(true, 0, socket -> ALL), "CPUs").text())
                .contains("in 62 % of the last 10 s", "take this way first");
    }
}
