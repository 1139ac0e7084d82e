package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import ringpull.v1.RingOrderReply;

/** {@code ringpull ring}. */
@Command(
        name = "ring",
        header = "Show the order of members for a digest: the first one is its home.",
        description = {
            "Prints the members that this node would ask for a blob which nobody holds, the first one first: all nodes"
                    + " that know the same members find the same order. Members that are alive or suspect are in it,"
                    + " once they know the whole ring. Answered from this node's memory.",
            "",
            "Ends with exit code 5 while no member knows the whole ring."
        },
        footer = {
            "  ringpull ring sha256:4bc453b53cb3d914b45f4b250294236adba2c0e09ff6f03793949e7e39fd4cc1",
            "",
            "Keys of --json: digest, eligible, members [name, id, state, rack, zone, weight, holds, self]"
        })
final class RingCommand extends ControlCommand {
    @Parameters(paramLabel = "DIGEST", description = "sha256:<64 hex digits>.")
    private String digest = "";

    @Option(
            names = "--limit",
            paramLabel = "COUNT",
            defaultValue = "10",
            description = "How many members to print. Default: 10.")
    private int limit;

    @Override
    int ask(ControlClient daemon) throws CommandFailed {
        RingOrderReply reply = daemon.ringOrder(digest, limit);
        if (json()) {
            Json.print(out(), json(reply));
        } else if (reply.getMembersCount() > 0) {
            Table table = new Table("RANK", "MEMBER", "ID", "STATE", "RACK/ZONE", "WEIGHT", "HOLDS IT");
            int rank = 0;
            for (RingOrderReply.Entry member : reply.getMembersList()) {
                rank++;
                table.row(
                        Integer.toString(rank),
                        member.getName() + (member.getSelf() ? "*" : ""),
                        MembersCommand.briefId(member.getId()),
                        member.getState(),
                        MembersCommand.place(member.getRack(), member.getZone()),
                        Integer.toString(member.getWeight()),
                        member.getHolds() ? "yes" : "no");
            }
            table.print(out());
            out().println("of " + reply.getEligible() + " eligible members");
        }
        if (reply.getMembersCount() == 0) {
            throw new CommandFailed(
                    ExitCode.NOT_FOUND, "no member is eligible yet: one is some seconds after it knows the whole ring");
        }
        return ExitCode.DONE;
    }

    private static ObjectNode json(RingOrderReply reply) {
        ObjectNode json = Json.object().put("digest", reply.getDigest()).put("eligible", reply.getEligible());
        ArrayNode members = json.putArray("members");
        for (RingOrderReply.Entry member : reply.getMembersList()) {
            members.addObject()
                    .put("name", member.getName())
                    .put("id", member.getId())
                    .put("state", member.getState())
                    .put("rack", member.getRack())
                    .put("zone", member.getZone())
                    .put("weight", member.getWeight())
                    .put("holds", member.getHolds())
                    .put("self", member.getSelf());
        }
        return json;
    }
}
