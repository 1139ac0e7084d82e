package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import ringpull.v1.VerifyEvent;

/** {@code ringpull verify}. */
@Command(
        name = "verify",
        header = "Prove blobs on this node's disk again.",
        description = {
            "Reads blobs from disk and computes their SHA-256 again, on every core and many chunks at a time. A damaged"
                    + " blob leaves the inventory at once, and the chunks that do not hold are fetched again from"
                    + " neighbours or its registry. The daemon does the same by itself, slowly: [store] scrub.",
            "",
            "Interrupting the command ends it. Exit code 1: something is damaged, or could not be read."
        },
        footer = {
            "  ringpull verify --all",
            "  ringpull verify sha256:…",
            "",
            "Keys of --json, printed at the end: blobs, bytes, damaged, failed, seconds, hasher, findings [digest,"
                    + " size_bytes, state (damaged, failed, gone), damaged_chunks, note]"
        })
final class VerifyCommand extends ControlCommand {
    @ArgGroup(exclusive = true, multiplicity = "1")
    private What what = new What();

    private static final class What {
        @Option(names = "--all", description = "Every complete blob.")
        private boolean all;

        @Parameters(paramLabel = "DIGEST", description = "sha256:<64 hex digits>.")
        private String digest = "";
    }

    @Override
    int ask(ControlClient daemon) throws CommandFailed {
        long start = System.nanoTime();
        List<VerifyEvent.Blob> findings = new ArrayList<>();
        VerifyEvent.Result[] result = {VerifyEvent.Result.getDefaultInstance()};
        daemon.verify(what.all ? "" : what.digest, event -> {
            if (event.hasResult()) {
                result[0] = event.getResult();
            } else {
                heard(event.getBlob(), findings);
            }
        });
        double seconds = (System.nanoTime() - start) / 1e9;
        if (json()) {
            out().println(json(result[0], findings, seconds));
        } else {
            print(result[0], seconds);
        }
        return result[0].getDamaged() + result[0].getFailed() == 0 ? ExitCode.DONE : ExitCode.FAILED;
    }

    private void heard(VerifyEvent.Blob blob, List<VerifyEvent.Blob> findings) {
        switch (blob.getState()) {
            case RUNNING -> {
                if (!json()) {
                    out().println(blob.getDigest() + "  " + Text.bytes(blob.getVerifiedBytes()) + " of "
                            + Text.bytes(blob.getSizeBytes()));
                }
            }
            case SOUND, UNRECOGNIZED -> {}
            case DAMAGED, FAILED, GONE -> {
                findings.add(blob);
                if (!json()) {
                    out().println(Text.printable(blob.getDigest() + "  " + state(blob) + ": " + blob.getNote()));
                }
            }
        }
    }

    private void print(VerifyEvent.Result result, double seconds) {
        out().println(String.format(
                Locale.ROOT,
                "%d blobs verified, %s sound, in %.1f s (%s)",
                result.getBlobs(),
                Text.bytes(result.getBytes()),
                seconds,
                Text.printable(result.getHasher())));
        if (result.getDamaged() + result.getFailed() > 0) {
            out().println(result.getDamaged() + " damaged, " + result.getFailed() + " unreadable");
        }
    }

    private static String state(VerifyEvent.Blob blob) {
        return blob.getState().name().toLowerCase(Locale.ROOT);
    }

    private static ObjectNode json(VerifyEvent.Result result, List<VerifyEvent.Blob> findings, double seconds) {
        ObjectNode json = Json.object()
                .put("blobs", result.getBlobs())
                .put("bytes", result.getBytes())
                .put("damaged", result.getDamaged())
                .put("failed", result.getFailed())
                .put("seconds", seconds)
                .put("hasher", result.getHasher());
        ArrayNode list = json.putArray("findings");
        for (VerifyEvent.Blob blob : findings) {
            list.addObject()
                    .put("digest", blob.getDigest())
                    .put("size_bytes", blob.getSizeBytes())
                    .put("state", state(blob))
                    .put("damaged_chunks", blob.getDamagedChunks())
                    .put("note", blob.getNote());
        }
        return json;
    }
}
