package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import ringpull.v1.MembersReply;

/** {@code ringpull members}. */
@Command(
        name = "members",
        header = "List the members of the ring, and what is wrong with them.",
        description = {
            "Prints every member that this node knows, itself first and marked with a star: its state (alive, suspect,"
                + " dead, left), local health (0 well, to 8 very slow), rack and zone, addresses with the control and"
                + " the data port, transports, how many blobs it says it holds, how long ago it started, when news of"
                + " it last arrived, and what does not work; of a suspect, who could not reach it. Answered from this"
                + " node's memory.",
            "",
            "A member is quarantined when it signed what a proven blob refutes: this node neither reads from it nor"
                    + " believes it until then. Lowered: it, or the way to it, brought wrong bytes; others are asked"
                    + " first. The evidence is in audit.log in the state directory. Other nodes judge for themselves.",
            "",
            "A member that could not be dialled back is shown with the address and port to open."
        },
        footer = {
            "  ringpull members",
            "  ringpull members --json | jq -r '.members[] | select(.problem != \"\") | .name'",
            "",
            "Keys of --json: total, members [name, id, state, health, eligible, epoch, rack, zone, addresses,"
                    + " control_port, data_port, transports, blobs, last_heard_age_seconds, accusers, problem,"
                    + " standing, standing_reason, standing_until, self]"
        })
final class MembersCommand extends ControlCommand {
    private static final int ID_CHARS = 8;

    @Override
    int ask(ControlClient daemon) throws CommandFailed {
        MembersReply members = daemon.members();
        if (json()) {
            Json.print(out(), json(members));
            return ExitCode.DONE;
        }
        Table table = new Table(
                "NAME",
                "ID",
                "STATE",
                "HEALTH",
                "RACK/ZONE",
                "ADDRESSES",
                "TRANSPORTS",
                "BLOBS",
                "STARTED",
                "LAST HEARD",
                "PROBLEM");
        for (MembersReply.Entry member : members.getMembersList()) {
            table.row(
                    member.getName() + (member.getSelf() ? "*" : ""),
                    briefId(member.getId()),
                    member.getState(),
                    Integer.toString(member.getHealth()),
                    place(member.getRack(), member.getZone()),
                    String.join(",", member.getAddressesList()) + " :" + member.getControlPort() + " :"
                            + member.getDataPort(),
                    Text.orDash(String.join(",", member.getTransportsList())),
                    Integer.toString(member.getBlobs()),
                    Text.age(age(member.getEpoch())) + " ago",
                    member.getSelf() ? "-" : Text.age(Duration.ofMillis(member.getLastHeardAgeMs())) + " ago",
                    Text.orDash(problem(member)));
        }
        table.print(out());
        if (members.getTotal() > members.getMembersCount()) {
            out().println((members.getTotal() - members.getMembersCount()) + " more are not shown");
        }
        return ExitCode.DONE;
    }

    private static Duration age(long epochMillis) {
        long now = InstantSource.system().millis();
        return Duration.ofMillis(Math.max(0, now - epochMillis));
    }

    /** What does not work; of a suspect, who says so. */
    private static String problem(MembersReply.Entry member) {
        List<String> problems = new ArrayList<>();
        if (!member.getStanding().isEmpty()) {
            problems.add(member.getStanding() + " until " + until(member) + ": " + member.getStandingReason());
        }
        if (member.getAccusersCount() > 0) {
            problems.add("no answer to " + String.join(", ", member.getAccusersList()));
        }
        if (!member.getProblem().isEmpty()) {
            problems.add(member.getProblem());
        }
        return String.join("; ", problems);
    }

    private static Instant until(MembersReply.Entry member) {
        return Instant.ofEpochMilli(member.getStandingUntilMs()).truncatedTo(ChronoUnit.SECONDS);
    }

    static String briefId(String id) {
        return id.length() <= ID_CHARS ? id : id.substring(0, ID_CHARS);
    }

    static String place(String rack, String zone) {
        return rack.isEmpty() && zone.isEmpty() ? "-" : Text.orDash(rack) + "/" + Text.orDash(zone);
    }

    private static ObjectNode json(MembersReply members) {
        ObjectNode json = Json.object().put("total", members.getTotal());
        ArrayNode list = json.putArray("members");
        for (MembersReply.Entry member : members.getMembersList()) {
            ObjectNode entry = list.addObject()
                    .put("name", member.getName())
                    .put("id", member.getId())
                    .put("state", member.getState())
                    .put("health", member.getHealth())
                    .put("eligible", member.getEligible())
                    .put("epoch", member.getEpoch())
                    .put("rack", member.getRack())
                    .put("zone", member.getZone());
            ArrayNode addresses = entry.putArray("addresses");
            member.getAddressesList().forEach(addresses::add);
            entry.put("control_port", member.getControlPort()).put("data_port", member.getDataPort());
            ArrayNode transports = entry.putArray("transports");
            member.getTransportsList().forEach(transports::add);
            ArrayNode accusers = entry.putArray("accusers");
            member.getAccusersList().forEach(accusers::add);
            entry.put("blobs", member.getBlobs())
                    .put("last_heard_age_seconds", member.getLastHeardAgeMs() / 1000.0)
                    .put("problem", member.getProblem())
                    .put("standing", member.getStanding())
                    .put("standing_reason", member.getStandingReason())
                    .put(
                            "standing_until",
                            member.getStanding().isEmpty() ? "" : until(member).toString())
                    .put("self", member.getSelf());
        }
        return json;
    }
}
