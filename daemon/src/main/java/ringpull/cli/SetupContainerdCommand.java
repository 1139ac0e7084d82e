package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import ringpull.containerd.Finding;
import ringpull.containerd.Setup;
import ringpull.containerd.SetupFailed;
import ringpull.containerd.SetupOutcome;

/** {@code ringpull setup containerd}. */
@Command(
        name = "containerd",
        header = "Make containerd ask the daemon on this node first.",
        description = {
            "Writes hosts.toml for one registry, or for all of them (_default), so that containerd asks the mirror on"
                + " this node first and goes upstream by itself where the mirror has nothing. Then it reads"
                + " containerd's own configuration, which it never changes: if containerd would not see the file, it"
                + " prints what to change and how to restart containerd, and ends with exit code 3.",
            "",
            "Doing it again changes nothing. A hosts.toml that somebody else wrote is kept unless --force is given."
        },
        footer = {
            "  ringpull setup containerd",
            "  ringpull setup containerd registry.example",
            "  ringpull setup containerd --mirror http://127.0.0.1:7745 _default",
            "",
            "Keys of --json: written, backups, findings [problem, remedy]"
        })
final class SetupContainerdCommand implements Callable<Integer> {
    private static final String ALL = "_default";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            arity = "0..1",
            paramLabel = "REGISTRY",
            defaultValue = ALL,
            description =
                    "host or host:port as image references write it. Default: _default, for all registries that have"
                            + " no directory of their own.")
    private String registry = ALL;

    @Option(
            names = "--mirror",
            paramLabel = "URL",
            defaultValue = "http://127.0.0.1:7745",
            description = "Where the daemon's mirror listens. Default: ${DEFAULT-VALUE}.")
    private URI mirror = URI.create("http://127.0.0.1:7745");

    @Option(
            names = "--hosts-dir",
            paramLabel = "DIRECTORY",
            defaultValue = "/etc/containerd/certs.d",
            description = "containerd's config_path. Default: ${DEFAULT-VALUE}.")
    private Path hostsDirectory = Path.of("/etc/containerd/certs.d");

    @Option(
            names = "--containerd-config",
            paramLabel = "FILE",
            defaultValue = "/etc/containerd/config.toml",
            description = "containerd's configuration, which is only read. Default: ${DEFAULT-VALUE}.")
    private Path containerdConfig = Path.of("/etc/containerd/config.toml");

    @Option(names = "--force", description = "Replace a hosts.toml that somebody else wrote, and keep a copy.")
    private boolean force;

    @Option(names = "--json", description = "Print one JSON object on one line instead; its keys are below.")
    private boolean json;

    @Override
    public Integer call() throws SetupFailed {
        Optional<String> one = registry.equals(ALL) ? Optional.empty() : Optional.of(registry);
        SetupOutcome outcome = new Setup(hostsDirectory, containerdConfig, one, mirror, force).apply();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Json.print(out, json(outcome));
        } else {
            print(outcome, out);
        }
        return outcome.findings().isEmpty() ? ExitCode.DONE : ExitCode.NEEDS_YOUR_HAND;
    }

    private static void print(SetupOutcome outcome, PrintWriter out) {
        outcome.written().forEach(file -> out.println("in place: " + file));
        outcome.backups().forEach(file -> out.println("kept a copy: " + file));
        if (outcome.findings().isEmpty()) {
            out.println("containerd asks this node first from the next pull on; ringpull status shows that it does");
        }
        for (Finding finding : outcome.findings()) {
            out.println();
            out.println("needs your hand: " + finding.problem());
            finding.remedy().lines().forEach(line -> out.println("    " + line));
        }
    }

    private static ObjectNode json(SetupOutcome outcome) {
        ObjectNode json = Json.object();
        ArrayNode written = json.putArray("written");
        outcome.written().forEach(file -> written.add(file.toString()));
        ArrayNode backups = json.putArray("backups");
        outcome.backups().forEach(file -> backups.add(file.toString()));
        ArrayNode findings = json.putArray("findings");
        outcome.findings()
                .forEach(finding ->
                        findings.addObject().put("problem", finding.problem()).put("remedy", finding.remedy()));
        return json;
    }
}
