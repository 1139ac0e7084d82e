package ringpull.doctor;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ringpull.config.Config;
import ringpull.os.HostAddress;
import ringpull.transport.rdma.Rdma;

/** Looks at this host as the daemon would find it. Changes nothing. */
public final class Doctor {
    private static final Pattern LOCKED = Pattern.compile("Max locked memory +(\\d+|unlimited) .*");
    private static final int JUMBO_MTU = 4200;
    private static final String ROCE_V2 = "RoCE v2";

    private final Config.Peer peer;
    private final Path sys;
    private final Path limits;
    private final Optional<String> libraryProblem;
    private final NvmeofHost nvmeof;
    private final List<Finding> findings = new ArrayList<>();

    /** What was found, and the ports that were looked at. */
    public record Report(
            List<Finding> findings,
            List<RdmaPort> ports,
            boolean rdmaWanted,
            List<Finding> nvmeofFindings,
            boolean nvmeofWanted) {
        public Report {
            findings = List.copyOf(findings);
            ports = List.copyOf(ports);
            nvmeofFindings = List.copyOf(nvmeofFindings);
        }

        /** Whether NVMe over Fabrics would be used, both ways. */
        public boolean nvmeofUsable() {
            return nvmeofWanted && nvmeofFindings.stream().noneMatch(finding -> finding.level() == Finding.Level.BAD);
        }

        /** Whether RDMA would be used. */
        public boolean rdmaUsable() {
            return rdmaWanted && findings.stream().noneMatch(finding -> finding.level() == Finding.Level.BAD);
        }
    }

    public Doctor(Config config) {
        this(
                config.peer(),
                Path.of("/sys"),
                Path.of("/proc/self/limits"),
                Rdma.problem(),
                new NvmeofHost(
                        config.nvmeof(),
                        config.helper().socket(),
                        config.node().state(),
                        Path.of("/"),
                        NvmeofHost::askHelper));
    }

    Doctor(Config.Peer peer, Path sys, Path limits, Optional<String> libraryProblem, NvmeofHost nvmeof) {
        this.nvmeof = nvmeof;
        this.peer = peer;
        this.sys = sys;
        this.limits = limits;
        this.libraryProblem = libraryProblem;
    }

    /** @throws IOException if the kernel's files cannot be read */
    public Report examine() throws IOException {
        List<RdmaPort> ports = RdmaPort.all(sys);
        boolean wanted = peer.rdma().wanted();
        wish(wanted, ports);
        library(wanted);
        ports.forEach(this::port);
        if (wanted && ports.isEmpty()) {
            findings.add(Finding.bad(
                    "devices",
                    "the kernel shows no RDMA device",
                    "load the driver of the network card, or take the addresses out of [peer] rdma"));
        }
        for (String address : peer.rdma().addresses()) {
            address(address, ports);
        }
        if (wanted) {
            memory();
        }
        return new Report(findings, ports, wanted, nvmeof.examine(), nvmeof.isWanted());
    }

    private void wish(boolean wanted, List<RdmaPort> ports) {
        if (wanted) {
            findings.add(Finding.ok("[peer] rdma", String.join(", ", peer.rdma().addresses())));
        } else if (ports.isEmpty()) {
            findings.add(Finding.ok("[peer] rdma", "not wanted, and no device here: blobs go over TCP"));
        } else {
            findings.add(Finding.note(
                    "[peer] rdma",
                    "not wanted: blobs go over TCP, though this host has RDMA devices",
                    "set [peer] rdma to their addresses, and data = \"plain\" with certificates"));
        }
    }

    private void library(boolean wanted) {
        if (libraryProblem.isEmpty()) {
            findings.add(Finding.ok("libdisni", "loaded"));
        } else if (wanted) {
            findings.add(Finding.bad(
                    "libdisni",
                    libraryProblem.get(),
                    "see docs/rdma.md: packages, kernel modules, and what the unit must allow"));
        } else {
            findings.add(Finding.ok("libdisni", "not needed: " + libraryProblem.get()));
        }
    }

    private void port(RdmaPort port) {
        String subject = port.device() + " port " + port.number();
        String text = port.state() + ", " + port.link() + ", " + port.rate() + ", on "
                + (port.interfaces().isEmpty() ? "no interface" : String.join(", ", port.interfaces()))
                + (port.mtu() == 0 ? "" : ", MTU " + port.mtu());
        if (!port.isActive()) {
            findings.add(Finding.note(subject, text, "bring its link up"));
        } else if (port.link().equals("Ethernet") && port.mtu() > 0 && port.mtu() < JUMBO_MTU) {
            findings.add(Finding.note(
                    subject, text, "an MTU of 9000 on hosts and switches lets RDMA packets have 4096 bytes"));
        } else {
            findings.add(Finding.ok(subject, text));
        }
    }

    private void address(String text, List<RdmaPort> ports) {
        String subject = "address " + text;
        InetAddress address;
        try {
            address = HostAddress.named("[peer] rdma", text);
        } catch (HostAddress.Unusable e) {
            findings.add(Finding.bad(subject, String.valueOf(e.getMessage()), "change [peer] rdma"));
            return;
        }
        for (RdmaPort port : ports) {
            List<RdmaPort.Gid> own = port.gids().stream()
                    .filter(gid -> gid.address().filter(address::equals).isPresent())
                    .toList();
            if (!own.isEmpty()) {
                on(subject, port, own);
                return;
            }
        }
        Optional<RdmaPort> under = ports.stream()
                .filter(port -> port.interfaces().stream().anyMatch(name -> hasAddress(name, address)))
                .findFirst();
        if (under.isPresent()) {
            on(subject, under.get(), List.of());
        } else if (!ports.isEmpty()) {
            findings.add(Finding.bad(
                    subject,
                    "no RDMA device has " + address.getHostAddress(),
                    "name an address of an interface that lies on one (above)"));
        }
    }

    private static boolean hasAddress(String name, InetAddress address) {
        try {
            NetworkInterface there = NetworkInterface.getByName(name);
            return there != null && there.inetAddresses().anyMatch(address::equals);
        } catch (SocketException e) {
            return false;
        }
    }

    /** @param gids that are made of the address; none: of InfiniBand and iWARP they are not */
    private void on(String subject, RdmaPort port, List<RdmaPort.Gid> gids) {
        Optional<RdmaPort.Gid> second =
                gids.stream().filter(gid -> gid.type().equals(ROCE_V2)).findFirst();
        String on = "on " + port.device() + " port " + port.number();
        if (!port.isActive()) {
            findings.add(Finding.bad(subject, on + ", which is " + port.state(), "bring its link up"));
        } else if (gids.isEmpty()) {
            findings.add(Finding.ok(subject, on));
        } else if (second.isPresent()) {
            findings.add(Finding.ok(
                    subject,
                    on + ", GID " + second.get().index() + " (" + ROCE_V2
                            + "); switches must do PFC or ECN for its class, or loss costs speed"));
        } else {
            findings.add(Finding.note(
                    subject,
                    on + ", GID " + gids.getFirst().index() + " ("
                            + gids.getFirst().type() + ")",
                    "RoCE v1 is not routed: let the kernel's default be v2 (configfs rdma_cm, default_roce_mode)"));
        }
    }

    private void memory() {
        long wanted = peer.rdma().memoryBytes();
        String line = "";
        try {
            line = Files.readAllLines(limits).stream()
                    .filter(l -> l.startsWith("Max locked memory"))
                    .findFirst()
                    .orElse("");
        } catch (IOException e) {
            // As unknown.
        }
        Matcher limit = LOCKED.matcher(line);
        String subject = "locked memory";
        if (!limit.matches()) {
            findings.add(Finding.note(subject, "the limit cannot be read", "LimitMEMLOCK=infinity in the unit"));
        } else if (limit.group(1).equals("unlimited") || Long.parseLong(limit.group(1)) >= wanted) {
            findings.add(Finding.ok(
                    subject, "here up to " + limit.group(1) + ", [peer] rdma_memory wants " + (wanted >> 20) + " MiB"));
        } else {
            findings.add(Finding.note(
                    subject,
                    "here up to " + limit.group(1) + " bytes only, and [peer] rdma_memory wants " + (wanted >> 20)
                            + " MiB",
                    "the daemon needs LimitMEMLOCK=infinity in its unit: see docs/rdma.md"));
        }
    }
}
