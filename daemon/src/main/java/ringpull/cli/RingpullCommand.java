package ringpull.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The root: it only knows its subcommands. */
@Command(
        name = "ringpull",
        description = {
            "Container layers and model shards from the node next door, every byte proven.",
            "",
            "One daemon a node. containerd uses it as a registry mirror on localhost; it takes blobs from neighbours"
                + " that hold them, or from the registry, and hands over nothing unproven. The other commands ask the"
                + " daemon on this node over its control socket."
        },
        footer = {
            "  ringpull status",
            "  ringpull holders registry.example/team/image:tag",
            "  ringpull pull registry.example/team/image:tag",
            "",
            "Each command has its own manual: ringpull COMMAND --help"
        })
final class RingpullCommand implements Runnable {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to do: " + String.join(", ", spec.subcommands().keySet()));
    }
}
