package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import ringpull.v1.HoldersReply;

/** {@code ringpull holders}. */
@Command(
        name = "holders",
        header = "Say who holds a blob, or each blob of an image.",
        description = {
            "For a digest: a row for each member that holds the blob, with its rack, the size, and whether it is"
                    + " complete. This node also counts while it is partial (*). Answered from this node's memory; no"
                    + " other member is asked.",
            "",
            "For an image: a row for each of its blobs. The tag is asked for at the registry, and manifests that are"
                    + " not here are fetched; layers are not.",
            "",
            "Ends with exit code 5 if nobody holds the blob, or no config or layer of the image."
        },
        footer = {
            "  ringpull holders sha256:4bc453b53cb3d914b45f4b250294236adba2c0e09ff6f03793949e7e39fd4cc1",
            "  ringpull holders registry.example/team/image:tag",
            "  ringpull holders --platform linux/arm64 debian:12",
            "",
            "Keys of --json: image (empty for a digest), root, blobs [digest, size_bytes, role, platform, note,"
                    + " holders_total, holders [member, id, rack, zone, size_bytes, present_bytes, complete, self]]"
        })
final class HoldersCommand extends ControlCommand {
    private static final int NAMES_MAX = 4;

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
        HoldersReply reply = daemon.holders(reference, platform);
        if (json()) {
            Json.print(out(), json(reply));
        } else if (reply.getImage().isEmpty()) {
            printBlob(reply.getBlobs(0));
        } else {
            printImage(reply);
        }
        if (reply.getBlobsList().stream().noneMatch(HoldersCommand::countsAsHeld)) {
            throw new CommandFailed(
                    ExitCode.NOT_FOUND,
                    "nobody in the ring holds " + (reply.getImage().isEmpty() ? "" : "any layer of ") + reference);
        }
        return ExitCode.DONE;
    }

    /** Manifests do not count: to answer the question they were brought here. */
    private static boolean countsAsHeld(HoldersReply.Blob blob) {
        return blob.getHoldersTotal() > 0
                && !blob.getRole().equals("index")
                && !blob.getRole().equals("manifest");
    }

    private void printBlob(HoldersReply.Blob blob) {
        if (blob.getHoldersTotal() == 0) {
            return;
        }
        Table table = new Table("MEMBER", "ID", "RACK/ZONE", "SIZE", "STATE");
        for (HoldersReply.Holder holder : blob.getHoldersList()) {
            table.row(
                    holder.getMember() + (holder.getSelf() ? "*" : ""),
                    MembersCommand.briefId(holder.getId()),
                    MembersCommand.place(holder.getRack(), holder.getZone()),
                    Text.bytes(holder.getSizeBytes()),
                    holder.getComplete()
                            ? "complete"
                            : "partial, " + Text.bytes(holder.getPresentBytes()) + " are here");
        }
        table.print(out());
        if (blob.getHoldersTotal() > blob.getHoldersCount()) {
            out().println((blob.getHoldersTotal() - blob.getHoldersCount()) + " more are not shown");
        }
    }

    private void printImage(HoldersReply reply) {
        out().println(Text.printable(reply.getImage() + " is " + reply.getRoot()));
        Table table = new Table("BLOB", "DIGEST", "PLATFORM", "SIZE", "HOLDERS", "MEMBERS");
        for (HoldersReply.Blob blob : reply.getBlobsList()) {
            table.row(
                    blob.getRole(),
                    blob.getDigest(),
                    Text.orDash(blob.getPlatform()),
                    Text.bytes(blob.getSizeBytes()),
                    Integer.toString(blob.getHoldersTotal()),
                    blob.getNote().isEmpty() ? members(blob) : blob.getNote());
        }
        table.print(out());
    }

    private static String members(HoldersReply.Blob blob) {
        List<HoldersReply.Holder> holders = blob.getHoldersList();
        String names = holders.stream()
                .limit(NAMES_MAX)
                .map(holder -> holder.getMember()
                        + (holder.getSelf() ? "*" : "")
                        + (holder.getComplete() ? "" : " (partial, " + Text.bytes(holder.getPresentBytes()) + ")"))
                .collect(Collectors.joining(", "));
        int more = blob.getHoldersTotal() - Math.min(NAMES_MAX, holders.size());
        return Text.orDash(names) + (more > 0 ? " and " + more + " more" : "");
    }

    private static ObjectNode json(HoldersReply reply) {
        ObjectNode json = Json.object().put("image", reply.getImage()).put("root", reply.getRoot());
        ArrayNode blobs = json.putArray("blobs");
        for (HoldersReply.Blob blob : reply.getBlobsList()) {
            ArrayNode holders = blobs.addObject()
                    .put("digest", blob.getDigest())
                    .put("size_bytes", blob.getSizeBytes())
                    .put("role", blob.getRole())
                    .put("platform", blob.getPlatform())
                    .put("note", blob.getNote())
                    .put("holders_total", blob.getHoldersTotal())
                    .putArray("holders");
            for (HoldersReply.Holder holder : blob.getHoldersList()) {
                holders.addObject()
                        .put("member", holder.getMember())
                        .put("id", holder.getId())
                        .put("rack", holder.getRack())
                        .put("zone", holder.getZone())
                        .put("size_bytes", holder.getSizeBytes())
                        .put("present_bytes", holder.getPresentBytes())
                        .put("complete", holder.getComplete())
                        .put("self", holder.getSelf());
            }
        }
        return json;
    }
}
