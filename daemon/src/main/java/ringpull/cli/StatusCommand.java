package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import ringpull.v1.StatusReply;

/** {@code ringpull status}. */
@Command(
        name = "status",
        header = "Say whether the daemon is well, and whether containerd uses it.",
        description = {
            "Prints what the daemon on this node knows of itself: where it listens, when a client last asked its"
                + " mirror, how full its store is, how many members it sees, and every problem with what to do about"
                + " it. Ends with exit code 3 if there is a problem.",
            "",
            "A last client request of \"none\" means that containerd has not asked this daemon since it started: run"
                    + " ringpull setup containerd."
        },
        footer = {
            "  ringpull status",
            "  ringpull status --json | jq .problems",
            "",
            "Keys of --json: version, ready_since, ports [name, address], last_client_request_age_seconds (null: none),"
                    + " store {used_bytes, reserved_bytes, quota_bytes, blobs_complete, blobs_partial}, members {alive,"
                    + " suspect, dead}, problems"
        })
final class StatusCommand extends ControlCommand {
    @Override
    int ask(ControlClient daemon) throws CommandFailed {
        StatusReply status = daemon.status();
        if (json()) {
            Json.print(out(), json(status));
        } else {
            print(status, out());
        }
        return status.getProblemsCount() == 0 ? ExitCode.DONE : ExitCode.NEEDS_YOUR_HAND;
    }

    private static void print(StatusReply status, PrintWriter out) {
        Instant since = Instant.ofEpochMilli(status.getReadySinceMs());
        out.println("version              " + Text.printable(status.getVersion()));
        out.println("ready since          " + since + " (" + Text.age(Duration.between(since, Instant.now())) + ")");
        out.println("listens on           "
                + status.getPortsList().stream()
                        .map(port -> Text.printable(port.getName() + " " + port.getAddress()))
                        .collect(Collectors.joining(", ")));
        out.println("last client request  "
                + (status.hasLastClientRequestAgeMs()
                        ? Text.age(Duration.ofMillis(status.getLastClientRequestAgeMs())) + " ago"
                        : "none: is containerd pointed at us? See: ringpull setup containerd"));
        out.println("store                " + Text.bytes(status.getStoreUsedBytes()) + " used, "
                + Text.bytes(status.getStoreReservedBytes()) + " reserved, of "
                + Text.bytes(status.getStoreQuotaBytes()) + "; " + status.getBlobsComplete() + " blobs, "
                + status.getBlobsPartial() + " partial");
        out.println("hasher               " + Text.printable(status.getHasher()));
        out.println("members              " + status.getMembersAlive() + " alive, " + status.getMembersSuspect()
                + " suspect, " + status.getMembersDead() + " dead or gone");
        out.println("problems             " + (status.getProblemsCount() == 0 ? "none" : ""));
        status.getProblemsList().forEach(problem -> out.println("  - " + Text.printable(problem)));
    }

    private static ObjectNode json(StatusReply status) {
        ObjectNode json = Json.object()
                .put("version", status.getVersion())
                .put("hasher", status.getHasher())
                .put(
                        "ready_since",
                        Instant.ofEpochMilli(status.getReadySinceMs()).toString());
        ArrayNode ports = json.putArray("ports");
        status.getPortsList()
                .forEach(port -> ports.addObject().put("name", port.getName()).put("address", port.getAddress()));
        if (status.hasLastClientRequestAgeMs()) {
            json.put("last_client_request_age_seconds", status.getLastClientRequestAgeMs() / 1000.0);
        } else {
            json.putNull("last_client_request_age_seconds");
        }
        json.putObject("store")
                .put("used_bytes", status.getStoreUsedBytes())
                .put("reserved_bytes", status.getStoreReservedBytes())
                .put("quota_bytes", status.getStoreQuotaBytes())
                .put("blobs_complete", status.getBlobsComplete())
                .put("blobs_partial", status.getBlobsPartial());
        json.putObject("members")
                .put("alive", status.getMembersAlive())
                .put("suspect", status.getMembersSuspect())
                .put("dead", status.getMembersDead());
        ArrayNode problems = json.putArray("problems");
        status.getProblemsList().forEach(problems::add);
        return json;
    }
}
