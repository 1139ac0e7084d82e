package ringpull.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringpull.containerd.Recall;
import ringpull.helper.HelperServer;

/** {@code ringpull helper}. */
@Command(
        name = "helper",
        header = "Run the root helper: for NVMe over Fabrics, and to mend containerd.",
        description = {
            "Runs in the foreground as root until SIGTERM, and does for the daemon what its user may not: it shows"
                    + " blobs to other nodes through the kernel's NVMe target, opens those that other nodes show, and"
                    + " throws away what containerd keeps of a blob and is not the blob. It"
                    + " takes orders from the daemon's user only. What it made in the kernel goes when the daemon's"
                    + " connection ends, and what an earlier helper left goes when it starts.",
        },
        footer = {
            "  ringpull helper",
            "  ringpull helper --sweep",
            "",
            "As a service: systemctl enable --now ringpull-helper"
        })
final class HelperCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            description = "Where to listen. Default: ${DEFAULT-VALUE}",
            defaultValue = "/run/ringpull-helper/helper.sock")
    private Path socket = Path.of("");

    @Option(
            names = "--user",
            paramLabel = "NAME",
            description = "The daemon's user. Default: ${DEFAULT-VALUE}",
            defaultValue = "ringpull")
    private String user = "";

    @Option(
            names = "--containerd",
            paramLabel = "SOCKET",
            description = "containerd's socket. Default: ${DEFAULT-VALUE}",
            defaultValue = "/run/containerd/containerd.sock")
    private Path containerd = Path.of("");

    @Option(
            names = "--containerd-root",
            paramLabel = "DIRECTORY",
            description = "containerd's root directory. Default: ${DEFAULT-VALUE}",
            defaultValue = "/var/lib/containerd")
    private Path containerdRoot = Path.of("");

    @Option(names = "--sweep", description = "Only take away what a helper left in the kernel; for after a crash.")
    private boolean sweep;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (sweep) {
            HelperServer.sweep();
            return ExitCode.DONE;
        }
        HelperServer server = HelperServer.start(socket, user, new Recall(containerd, containerdRoot));
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop").unstarted(server::close));
        spec.commandLine().getOut().println("ready: helper=" + socket);
        server.await();
        return ExitCode.FAILED;
    }
}
