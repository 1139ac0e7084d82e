package ringpull.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that asks the daemon on this node. */
abstract class ControlCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            defaultValue = "${env:RINGPULL_SOCKET:-/run/ringpull/control.sock}",
            description = "The daemon's control socket. Default: the variable RINGPULL_SOCKET, else"
                    + " /run/ringpull/control.sock.")
    private Path socket = Path.of("/run/ringpull/control.sock");

    @Option(names = "--json", description = "Print one JSON object on one line instead; its keys are below.")
    private boolean json;

    @Override
    public final Integer call() throws CommandFailed {
        try (ControlClient client = ControlClient.open(socket)) {
            return ask(client);
        }
    }

    /** Asks, prints, and says with which exit code to end. */
    abstract int ask(ControlClient daemon) throws CommandFailed;

    final boolean json() {
        return json;
    }

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    final PrintWriter err() {
        return spec.commandLine().getErr();
    }
}
