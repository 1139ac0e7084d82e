package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringpull.containerd.ContentClient;
import ringpull.containerd.Repair;
import ringpull.containerd.Repair.Finding;

/** {@code ringpull repair containerd}. */
@Command(
        name = "containerd",
        header = "Throw away containerd's poisoned ingests. Needs root.",
        description = {
            "containerd keeps what it got of a blob when a pull is interrupted, for a day, and the next pull goes on"
                + " behind it. If one byte of that is wrong, from whatever mirror or registry, every pull of the blob"
                + " fails (\"unexpected commit digest\"), good sources or not. This command finds such ingests in all"
                + " namespaces and aborts them; the next pull begins anew. Whole ingests are hashed; the bytes of"
                + " others are compared with those that the daemon on this node proves.",
            "",
            "It needs root, because containerd's socket and files are root's. It changes nothing else, and an ingest"
                + " that could not be compared stays: then it ends with exit code 3, as --dry-run does when there is"
                + " something to abort."
        },
        footer = {
            "  sudo ringpull repair containerd --dry-run",
            "  sudo ringpull repair containerd",
            "",
            "Keys of --json: ingests [namespace, ref, offset, total, finding (sound, poisoned, not_compared), aborted,"
                    + " detail]"
        })
final class RepairContainerdCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--address",
            paramLabel = "SOCKET",
            defaultValue = "/run/containerd/containerd.sock",
            description = "containerd's socket. Default: ${DEFAULT-VALUE}.")
    private Path address = Path.of("/run/containerd/containerd.sock");

    @Option(
            names = "--root",
            paramLabel = "DIRECTORY",
            defaultValue = "/var/lib/containerd",
            description = "containerd's root directory. Default: ${DEFAULT-VALUE}.")
    private Path root = Path.of("/var/lib/containerd");

    @Option(
            names = "--mirror",
            paramLabel = "URL",
            defaultValue = "http://127.0.0.1:7745",
            description = "Where the daemon's mirror listens. Default: ${DEFAULT-VALUE}.")
    private URI mirror = URI.create("http://127.0.0.1:7745");

    @Option(names = "--dry-run", description = "Abort nothing, only say what would be.")
    private boolean dryRun;

    @Option(names = "--json", description = "Print one JSON object on one line instead; its keys are below.")
    private boolean json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<Repair.Result> results;
        try (ContentClient containerd = ContentClient.open(address)) {
            results = new Repair(containerd, root, mirror).run(dryRun);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Json.print(out, json(results));
        } else {
            print(results, out);
        }
        boolean more = results.stream()
                .anyMatch(result -> result.finding() == Finding.NOT_COMPARED
                        || (result.finding() == Finding.POISONED && !result.aborted()));
        return more ? ExitCode.NEEDS_YOUR_HAND : ExitCode.DONE;
    }

    private static void print(List<Repair.Result> results, PrintWriter out) {
        for (Repair.Result result : results) {
            String name = Text.printable(
                    result.ingest().namespace() + "/" + result.ingest().ref());
            switch (result.finding()) {
                case SOUND -> out.println("sound: " + name);
                case POISONED ->
                    out.println(
                            (result.aborted() ? "poisoned, aborted: " : "poisoned: ") + name + ": " + result.detail());
                case NOT_COMPARED -> out.println("not compared: " + name + ": " + result.detail());
            }
        }
        if (results.isEmpty()) {
            out.println("containerd has no ingests: there is nothing to repair");
        }
    }

    private static ObjectNode json(List<Repair.Result> results) {
        ObjectNode json = Json.object();
        ArrayNode list = json.putArray("ingests");
        for (Repair.Result result : results) {
            list.addObject()
                    .put("namespace", result.ingest().namespace())
                    .put("ref", result.ingest().ref())
                    .put("offset", result.ingest().offset())
                    .put("total", result.ingest().total())
                    .put("finding", result.finding().name().toLowerCase(Locale.ROOT))
                    .put("aborted", result.aborted())
                    .put("detail", result.detail());
        }
        return json;
    }
}
