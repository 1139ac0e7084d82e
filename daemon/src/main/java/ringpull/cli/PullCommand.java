package ringpull.cli;

import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ringpull pull}. */
@Command(
        name = "pull",
        header = "Fetch an image to this node now.",
        description = {
            "Brings the manifests, the config and every layer of an image into this node's store: from neighbours that"
                + " hold them, the rest from the registry, all proven. containerd then gets them from here without a"
                + " wait. Nothing is unpacked, and containerd is not told.",
            "",
            "On a terminal bars show how far it is, elsewhere there is a line for each blob. Interrupting the command"
                    + " does not stop what is on its way. Foreign layers, which have URLs of their own, are skipped."
        },
        footer = {
            "  ringpull pull registry.example/team/image:tag",
            "  ringpull pull --platform all debian:12",
            "",
            "Keys of --json, printed at the end: image, root, failed, note, seconds, bytes_from_peers,"
                    + " bytes_from_origin, bytes_here, blobs [digest, role, platform, size_bytes, state (here, done,"
                    + " skipped, failed), source, peer_bytes, origin_bytes, note]"
        })
final class PullCommand extends ControlCommand {
    private final boolean terminal;

    @Parameters(paramLabel = "IMAGE", description = "[registry/]path[:tag][@digest]; without a registry, docker.io.")
    private String image = "";

    @Option(
            names = "--platform",
            paramLabel = "OS/ARCH[/VARIANT]",
            defaultValue = "",
            description = "Which image of an index: for instance linux/arm64, or all. Default: the daemon's own.")
    private String platform = "";

    PullCommand(boolean terminal) {
        this.terminal = terminal;
    }

    @Override
    int ask(ControlClient daemon) throws CommandFailed {
        long began = System.nanoTime();
        PullView view = new PullView(out(), terminal, System::nanoTime);
        PullReport report = new PullReport();
        try {
            daemon.pull(image, platform, event -> {
                report.add(event);
                if (event.hasBlob() && !json()) {
                    view.show(event.getBlob());
                }
            });
        } finally {
            view.end();
        }
        double seconds = (double) (System.nanoTime() - began) / TimeUnit.SECONDS.toNanos(1);
        if (json()) {
            Json.print(out(), report.json(seconds));
        } else {
            report.print(seconds, out());
        }
        if (!report.note().isEmpty()) {
            err().println("ringpull: " + Text.printable(report.note()));
        }
        if (report.failed() > 0) {
            throw new CommandFailed(ExitCode.FAILED, report.failures());
        }
        return ExitCode.DONE;
    }
}
