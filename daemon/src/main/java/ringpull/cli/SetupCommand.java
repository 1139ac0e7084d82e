package ringpull.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ringpull setup}: only knows what can be set up. */
@Command(
        name = "setup",
        header = "Point a client on this node at the daemon.",
        description = "Writes the client's configuration where that is safe, and says what else it needs.",
        footer = "  ringpull setup containerd")
final class SetupCommand implements Runnable {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to set up: " + String.join(", ", spec.subcommands().keySet()));
    }
}
