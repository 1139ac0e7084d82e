package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringpull.config.Config;
import ringpull.config.ConfigException;
import ringpull.config.ConfigFile;
import ringpull.doctor.Doctor;
import ringpull.doctor.Finding;
import ringpull.doctor.RdmaPort;

/** {@code ringpull doctor}. */
@Command(
        name = "doctor",
        header = "Say why RDMA and NVMe over Fabrics are, or are not, used on this host.",
        description = {
            "Looks at what RDMA needs, as the configuration wants it: libdisni and its libraries, the kernel's"
                + " devices, links, rates and GIDs, the addresses in [peer] rdma, MTU, and the limit of locked memory"
                + " of whoever runs it. And at what NVMe over Fabrics needs: configfs, kernel modules, the root"
                + " helper, which is asked for what the kernel can, the file system of the store, and memory. It asks"
                + " no daemon and changes nothing. Ends with exit code 3 if the configuration wants one of them and"
                + " something keeps it from being used.",
        },
        footer = {
            "  ringpull doctor",
            "  ringpull doctor --config ./ringpull.toml --json",
            "",
            "Keys of --json: rdma {wanted, usable}, findings [subject, level, text, advice], ports [device, port,"
                    + " state, link, rate, interfaces, mtu, gids [index, value, type]], nvmeof {wanted, usable,"
                    + " findings [subject, level, text, advice]}"
        })
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "The configuration. Default: /etc/ringpull/ringpull.toml if it is there; every key has a default.")
    private Optional<Path> config = Optional.empty();

    @Option(names = "--json", description = "Print one JSON object on one line instead; its keys are below.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        Doctor.Report report = new Doctor(load()).examine();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Json.print(out, json(report));
        } else {
            print(report, out);
        }
        boolean well = report.rdmaWanted() == report.rdmaUsable() && report.nvmeofWanted() == report.nvmeofUsable();
        return well ? ExitCode.DONE : ExitCode.NEEDS_YOUR_HAND;
    }

    private Config load() throws CommandFailed {
        if (config.isEmpty() && !Files.exists(ConfigFile.STANDARD)) {
            return ConfigFile.defaults();
        }
        try {
            return ConfigFile.load(config.orElse(ConfigFile.STANDARD));
        } catch (ConfigException e) {
            throw new CommandFailed(ExitCode.FAILED, String.join(System.lineSeparator(), e.problems()));
        }
    }

    private static void print(Doctor.Report report, PrintWriter out) {
        table(report.findings(), out);
        for (RdmaPort port : report.ports()) {
            for (RdmaPort.Gid gid : port.gids()) {
                out.println("  "
                        + Text.printable(port.device() + " port " + port.number() + " GID " + gid.index() + ": "
                                + gid.value() + " " + gid.type()));
            }
        }
        out.println();
        out.println(
                report.rdmaUsable()
                        ? "RDMA is used with members that have it too"
                        : report.rdmaWanted()
                                ? "RDMA is NOT used: blobs go over TCP"
                                : "RDMA is not used: [peer] rdma names no address");
        advice(report.findings(), out);
        out.println();
        table(report.nvmeofFindings(), out);
        out.println();
        out.println(
                report.nvmeofUsable()
                        ? "NVMe over Fabrics is used with members that have it too, where RDMA is not used or a holder"
                                + " is short of CPU"
                        : report.nvmeofWanted()
                                ? "NVMe over Fabrics is NOT used in full: what it cannot do goes over TCP"
                                : "NVMe over Fabrics is not used: [nvmeof] enabled is false");
        advice(report.nvmeofFindings(), out);
    }

    private static void table(List<Finding> findings, PrintWriter out) {
        Table table = new Table("SUBJECT", "STATE", "FOUND");
        for (Finding finding : findings) {
            table.row(finding.subject(), finding.level().name().toLowerCase(Locale.ROOT), finding.text());
        }
        table.print(out);
    }

    private static void advice(List<Finding> findings, PrintWriter out) {
        for (Finding finding : findings) {
            if (!finding.advice().isEmpty()) {
                out.println("  - " + Text.printable(finding.subject() + ": " + finding.advice()));
            }
        }
    }

    private static void json(List<Finding> findings, ArrayNode array) {
        for (Finding finding : findings) {
            array.addObject()
                    .put("subject", finding.subject())
                    .put("level", finding.level().name().toLowerCase(Locale.ROOT))
                    .put("text", finding.text())
                    .put("advice", finding.advice());
        }
    }

    private static ObjectNode json(Doctor.Report report) {
        ObjectNode json = Json.object();
        json.putObject("rdma").put("wanted", report.rdmaWanted()).put("usable", report.rdmaUsable());
        json(report.findings(), json.putArray("findings"));
        ObjectNode nvmeof = json.putObject("nvmeof");
        nvmeof.put("wanted", report.nvmeofWanted()).put("usable", report.nvmeofUsable());
        json(report.nvmeofFindings(), nvmeof.putArray("findings"));
        ArrayNode ports = json.putArray("ports");
        for (RdmaPort port : report.ports()) {
            ObjectNode entry = ports.addObject()
                    .put("device", port.device())
                    .put("port", port.number())
                    .put("state", port.state())
                    .put("link", port.link())
                    .put("rate", port.rate());
            port.interfaces().forEach(entry.putArray("interfaces")::add);
            entry.put("mtu", port.mtu());
            ArrayNode gids = entry.putArray("gids");
            for (RdmaPort.Gid gid : port.gids()) {
                gids.addObject()
                        .put("index", gid.index())
                        .put("value", gid.value())
                        .put("type", gid.type());
            }
        }
        return json;
    }
}
