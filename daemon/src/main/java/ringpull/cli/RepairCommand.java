package ringpull.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ringpull repair}: only knows what can be repaired. */
@Command(
        name = "repair",
        header = "Repair what a client keeps of a pull that went wrong.",
        description = "Finds what a client would go on with in vain, and throws it away.",
        footer = "  sudo ringpull repair containerd")
final class RepairCommand implements Runnable {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to repair: " + String.join(", ", spec.subcommands().keySet()));
    }
}
