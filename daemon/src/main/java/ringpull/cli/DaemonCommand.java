package ringpull.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ringpull daemon}. */
@Command(
        name = "daemon",
        header = "Run the daemon in the foreground.",
        description = {
            "Runs the daemon until SIGTERM or SIGINT: the registry mirror for containerd, the ports for other members,"
                    + " the metrics page, and the control socket for the other commands. On a signal it takes no new"
                    + " requests, ends those that run within [node] stop_grace, and leaves the ring.",
            "",
            "While it is not ready its ports refuse, so that containerd goes upstream at once."
        },
        footer = {
            "  ringpull daemon",
            "  ringpull daemon --config ./ringpull.toml",
            "",
            "As a service: systemctl enable --now ringpull"
        })
final class DaemonCommand implements Callable<Integer> {
    private final DaemonStarter starter;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "The configuration. Default: /etc/ringpull/ringpull.toml if it is there; every key has a default.")
    private Optional<Path> config = Optional.empty();

    DaemonCommand(DaemonStarter starter) {
        this.starter = starter;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        return starter.run(config);
    }
}
