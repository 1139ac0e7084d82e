package ringpull.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.config.ConfigFile;

/** Devices as a tree of files, like the kernel's; loopback stands for the address of one. */
class DoctorTest {
    private static final String MAPPED_LOOPBACK = "0000:0000:0000:0000:0000:ffff:7f00:0001";

    @TempDir
    Path sys;

    private Path limits;

    @BeforeEach
    void limits() throws IOException {
        limits = write(
                "limits",
                "Limit  Soft  Hard  Units\nMax locked memory         8388608              8388608     bytes\n");
    }

    private Path write(String file, String text) throws IOException {
        Path path = sys.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, text);
    }

    private void port(String state, String gidType) throws IOException {
        String port = "class/infiniband/mlx5_0/ports/1/";
        write(port + "state", state + "\n");
        write(port + "link_layer", "Ethernet\n");
        write(port + "rate", "100 Gb/sec (4X EDR)\n");
        write(port + "gids/0", "fe80:0000:0000:0000:0000:0000:0000:0001\n");
        write(port + "gids/1", "0000:0000:0000:0000:0000:0000:0000:0000\n");
        write(port + "gids/3", MAPPED_LOOPBACK + "\n");
        write(port + "gid_attrs/types/0", "IB/RoCE v1\n");
        write(port + "gid_attrs/types/3", gidType + "\n");
        write(port + "gid_attrs/ndevs/0", "eth7\n");
        write(port + "gid_attrs/ndevs/3", "eth7\n");
        write("class/net/eth7/mtu", "1500\n");
    }

    private Doctor.Report examine(Optional<String> libraryProblem, String... addresses) throws IOException {
        Config.Rdma rdma = new Config.Rdma(List.of(addresses), 0, 64L << 20, Duration.ofSeconds(1), Duration.ZERO);
        Config.Peer peer = new Config.Peer(
                Optional.empty(), 0, 0, Optional.empty(), false, Config.Data.PLAIN, Config.Io.AUTO, rdma);
        NvmeofHost unwanted = new NvmeofHost(ConfigFile.defaults().nvmeof(), sys, sys, sys, NvmeofHost::askHelper);
        return new Doctor(peer, sys, limits, libraryProblem, unwanted).examine();
    }

    private static Finding about(Doctor.Report report, String subject) {
        return report.findings().stream()
                .filter(finding -> finding.subject().equals(subject))
                .findFirst()
                .orElseThrow(() -> new AssertionError("nothing about " + subject + " in " + report.findings()));
    }

    @Test
    void aHostWithoutRdmaThatWantsNoneIsWell() throws IOException {
        Doctor.Report report = examine(Optional.of("there is no device"));

        assertThat(report.findings()).allMatch(finding -> finding.level() == Finding.Level.OK);
        assertThat(report.rdmaUsable()).isFalse();
    }

    @Test
    void devicesThatAreNotUsedArePointedOut() throws IOException {
        port("4: ACTIVE", "RoCE v2");

        assertThat(about(examine(Optional.empty()), "[peer] rdma").level()).isEqualTo(Finding.Level.NOTE);
    }

    @Test
    void anAddressOfAnActiveDeviceIsUsable() throws IOException {
        port("4: ACTIVE", "RoCE v2");

        Doctor.Report report = examine(Optional.empty(), "127.0.0.1");

        assertThat(report.rdmaUsable()).isTrue();
        assertThat(about(report, "address 127.0.0.1").text()).contains("mlx5_0 port 1", "GID 3", "RoCE v2");
        assertThat(about(report, "mlx5_0 port 1").text())
                .contains("ACTIVE", "Ethernet", "100 Gb/sec", "eth7", "MTU 1500");
        assertThat(about(report, "mlx5_0 port 1").advice()).contains("9000");
        assertThat(about(report, "locked memory"))
                .matches(finding -> finding.level() == Finding.Level.NOTE)
                .matches(finding -> finding.advice().contains("LimitMEMLOCK"));
        assertThat(report.ports().getFirst().gids()).hasSize(2);
    }

    /** IP over InfiniBand: the GIDs say nothing about addresses, the interface's device does. */
    @Test
    void anAddressOfAnInfiniBandInterfaceIsUsable() throws IOException {
        port("4: ACTIVE", "IB/RoCE v1");
        String port = "class/infiniband/mlx5_0/ports/1/";
        write(port + "link_layer", "InfiniBand\n");
        write(port + "gids/3", "fe80:0000:0000:0000:0002:c903:00a0:0001\n");
        write(port + "gid_attrs/ndevs/0", "");
        write(port + "gid_attrs/ndevs/3", "");
        assertThat(examine(Optional.empty(), "127.0.0.1").rdmaUsable()).isFalse();

        write("class/net/lo/device/infiniband/mlx5_0/node_desc", "");
        write("class/net/lo/dev_port", "0\n");

        Doctor.Report report = examine(Optional.empty(), "127.0.0.1");
        assertThat(about(report, "address 127.0.0.1"))
                .matches(finding -> finding.level() == Finding.Level.OK)
                .matches(finding -> finding.text().contains("mlx5_0 port 1"));
        assertThat(about(report, "mlx5_0 port 1").text()).contains("on lo");
        write(port + "state", "2: INIT\n");
        assertThat(examine(Optional.empty(), "127.0.0.1").rdmaUsable()).isFalse();
        write(port + "state", "4: ACTIVE\n");
        write("class/net/lo/dev_port", "1\n"); // of the device's other port
        assertThat(examine(Optional.empty(), "127.0.0.1").rdmaUsable()).isFalse();
    }

    @Test
    void roceOfTheFirstVersionIsNoted() throws IOException {
        port("4: ACTIVE", "IB/RoCE v1");

        Finding address = about(examine(Optional.empty(), "127.0.0.1"), "address 127.0.0.1");

        assertThat(address.level()).isEqualTo(Finding.Level.NOTE);
        assertThat(address.advice()).contains("default_roce_mode");
    }

    @Test
    void whatKeepsRdmaFromBeingUsedIsBad() throws IOException {
        assertThat(about(examine(Optional.empty(), "127.0.0.1"), "devices").level())
                .isEqualTo(Finding.Level.BAD);
        port("1: DOWN", "RoCE v2");
        Doctor.Report down = examine(Optional.empty(), "127.0.0.1");
        assertThat(about(down, "address 127.0.0.1").text()).contains("DOWN");
        assertThat(down.rdmaUsable()).isFalse();
        port("4: ACTIVE", "RoCE v2");
        assertThat(about(examine(Optional.of("no libibverbs"), "127.0.0.1"), "libdisni")
                        .level())
                .isEqualTo(Finding.Level.BAD);
        assertThat(about(examine(Optional.empty(), "192.0.2.9"), "address 192.0.2.9")
                        .level())
                .isEqualTo(Finding.Level.BAD);
        write("class/infiniband/mlx5_0/ports/1/gids/3", "0000:0000:0000:0000:0000:ffff:0a00:0001\n");
        assertThat(about(examine(Optional.empty(), "127.0.0.1"), "address 127.0.0.1")
                        .text())
                .contains("no RDMA device has 127.0.0.1");
    }
}
