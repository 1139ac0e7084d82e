package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import ringpull.v1.TraceReply;

/** {@code ringpull trace}. */
@Command(
        name = "trace",
        header = "Say where a blob's bytes came from, and what failed on the way.",
        description = {
            "Prints what this daemon remembers of a blob, or of every blob of an image, oldest first: answers to"
                + " clients, members and registries that gave bytes, each fallback with its reason, and how the proof"
                + " ended. It remembers its last 4096 such events since it started.",
            "",
            "Ends with exit code 5 if it remembers nothing."
        },
        footer = {
            "  ringpull trace sha256:4bc453b53cb3d914b45f4b250294236adba2c0e09ff6f03793949e7e39fd4cc1",
            "  ringpull trace registry.example/team/image:tag",
            "",
            "Keys of --json: image (empty for a digest), root, entries [at, digest, event, source, bytes, detail]"
        })
final class TraceCommand extends ControlCommand {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS", Locale.ROOT);
    private static final int BRIEF_CHARS = "sha256:".length() + 12;

    @Parameters(paramLabel = "DIGEST|IMAGE", description = "sha256:<64 hex digits>, or [registry/]path[:tag][@digest].")
    private String reference = "";

    @Option(
            names = "--platform",
            paramLabel = "OS/ARCH[/VARIANT]",
            defaultValue = "",
            description = "Which image of an index: for instance linux/arm64, or all. Default: the daemon's own.")
    private String platform = "";

    @Override
    int ask(ControlClient daemon) throws CommandFailed {
        TraceReply reply = daemon.trace(reference, platform);
        if (json()) {
            Json.print(out(), json(reply));
        } else if (reply.getEntriesCount() > 0) {
            print(reply);
        }
        if (reply.getEntriesCount() == 0) {
            throw new CommandFailed(
                    ExitCode.NOT_FOUND,
                    "this daemon remembers nothing of " + reference
                            + ": nobody asked it since it started, or long ago");
        }
        return ExitCode.DONE;
    }

    private void print(TraceReply reply) {
        out().println(Text.printable(
                reply.getImage().isEmpty() ? reply.getRoot() : reply.getImage() + " is " + reply.getRoot()));
        Table table = new Table("TIME", "BLOB", "EVENT", "SOURCE", "BYTES", "DETAIL");
        for (TraceReply.Entry entry : reply.getEntriesList()) {
            String digest = entry.getDigest();
            table.row(
                    TIME.format(Instant.ofEpochMilli(entry.getAtMs()).atZone(ZoneId.systemDefault())),
                    digest.substring(0, Math.min(digest.length(), BRIEF_CHARS)),
                    entry.getEvent(),
                    Text.orDash(entry.getSource()),
                    entry.getBytes() == 0 ? "-" : Text.bytes(entry.getBytes()),
                    Text.orDash(entry.getDetail()));
        }
        table.print(out());
    }

    private static ObjectNode json(TraceReply reply) {
        ObjectNode json = Json.object().put("image", reply.getImage()).put("root", reply.getRoot());
        ArrayNode entries = json.putArray("entries");
        for (TraceReply.Entry entry : reply.getEntriesList()) {
            entries.addObject()
                    .put("at", Instant.ofEpochMilli(entry.getAtMs()).toString())
                    .put("digest", entry.getDigest())
                    .put("event", entry.getEvent())
                    .put("source", entry.getSource())
                    .put("bytes", entry.getBytes())
                    .put("detail", entry.getDetail());
        }
        return json;
    }
}
