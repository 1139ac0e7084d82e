package ringpull.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ringpull pki}: only knows its subcommands. */
@Command(
        name = "pki",
        header = "Make and look at the certificates that members know each other by.",
        description = {
            "For those who have no authority of their own: init makes one, issue makes a certificate for each node."
                    + " Where cert-manager, SPIRE or another authority issues certificates already, only inspect is"
                    + " needed.",
            "",
            "Run init and issue on a machine that is no node, and keep ca.key there: whoever has it can make members."
                    + " A node gets its own certificate and key, and ca.pem."
        },
        footer = {
            "  ringpull pki init --cluster lab --dir pki",
            "  ringpull pki issue --name gpu-1 --dir pki",
            "  ringpull pki inspect pki/gpu-1.pem"
        })
final class PkiCommand implements Runnable {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to do: " + String.join(", ", spec.subcommands().keySet()));
    }
}
