package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import ringpull.pki.CertificateReport;

/** {@code ringpull pki inspect}. */
@Command(
        name = "inspect",
        header = "Say what is in a certificate, and whether a member can use it.",
        description = {
            "Prints each certificate of a PEM file: who it is for, as which member it counts in a ring, who issued it,"
                + " until when it is valid, and its fingerprints, either of which revokes it in the file [peer]"
                + " revoked. Then whether the key belongs to the first certificate, and whether the authorities vouch"
                + " for it. Ends with exit code 3 if anything of that is not as a member needs it, or is due for"
                + " renewal: 14 days before its end, or in the last quarter of a life that is short.",
            "",
            "A member is known by the URI ringpull://CLUSTER/NODE or spiffe://… in its certificate, else by its public"
                    + " key."
        },
        footer = {
            "  ringpull pki inspect pki/gpu-1.pem",
            "  ringpull pki inspect --key tls.key --ca ca.crt tls.crt",
            "",
            "Keys of --json: certificates [subject, issuer, authority, identity, cluster, member_id, sha256,"
                    + " key_sha256, valid_from, valid_until], key {file, matches} or null, ca {file, vouches} or null,"
                    + " problems"
        })
final class PkiInspectCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            paramLabel = "FILE",
            description = "PEM file of a certificate, perhaps with those that lead to its authority.")
    private Path file = Path.of("");

    @Option(
            names = "--key",
            paramLabel = "FILE",
            description = "PEM file of its private key. Default: FILE with .key for its ending, if there is one.")
    private @Nullable Path key;

    @Option(
            names = "--ca",
            paramLabel = "FILE",
            description = "PEM file of the authorities. Default: ca.pem or ca.crt beside FILE, if there is one.")
    private @Nullable Path ca;

    @Option(names = "--json", description = "Print one JSON object on one line instead; its keys are below.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        String stem = String.valueOf(file.getFileName()).replaceFirst("\\.[^.]*$", "");
        CertificateReport report = CertificateReport.of(
                file,
                Optional.ofNullable(key).or(() -> CertificateReport.beside(file, stem + ".key")),
                Optional.ofNullable(ca).or(() -> CertificateReport.beside(file, "ca.pem", "ca.crt")),
                Instant.now());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Json.print(out, json(report));
        } else {
            print(report, out);
        }
        return report.problems().isEmpty() ? ExitCode.DONE : ExitCode.NEEDS_YOUR_HAND;
    }

    private static void print(CertificateReport report, PrintWriter out) {
        for (CertificateReport.Entry entry : report.certificates()) {
            out.println(
                    "subject      " + Text.printable(entry.subject()) + (entry.authority() ? " (an authority)" : ""));
            if (!entry.identity().isEmpty()) {
                out.println("member       " + Text.printable(entry.identity()));
                out.println("member id    " + entry.memberId());
                out.println("cluster      " + (entry.cluster().isEmpty() ? "names none" : entry.cluster()));
            }
            out.println("issuer       " + Text.printable(entry.issuer()));
            out.println("valid        " + entry.from() + " to " + entry.until());
            out.println("sha256       " + entry.fingerprint());
            out.println("key sha256   " + entry.keyFingerprint());
            out.println();
        }
        out.println("key          " + check(report.key(), "matches", "DOES NOT MATCH"));
        out.println("ca           " + check(report.chain(), "vouches for it", "DOES NOT VOUCH FOR IT"));
        out.println("problems     " + (report.problems().isEmpty() ? "none" : ""));
        report.problems().forEach(problem -> out.println("  - " + Text.printable(problem)));
    }

    private static String check(Optional<CertificateReport.Check> check, String good, String bad) {
        return check.map(c -> c.file() + " " + (c.good() ? good : bad)).orElse("not compared: no such file beside it");
    }

    private static ObjectNode json(CertificateReport report) {
        ObjectNode json = Json.object();
        ArrayNode certificates = json.putArray("certificates");
        for (CertificateReport.Entry entry : report.certificates()) {
            certificates
                    .addObject()
                    .put("subject", entry.subject())
                    .put("issuer", entry.issuer())
                    .put("authority", entry.authority())
                    .put("identity", entry.identity())
                    .put("cluster", entry.cluster())
                    .put("member_id", entry.memberId())
                    .put("sha256", entry.fingerprint())
                    .put("key_sha256", entry.keyFingerprint())
                    .put("valid_from", entry.from().toString())
                    .put("valid_until", entry.until().toString());
        }
        check(json, "key", "matches", report.key());
        check(json, "ca", "vouches", report.chain());
        ArrayNode problems = json.putArray("problems");
        report.problems().forEach(problems::add);
        return json;
    }

    private static void check(ObjectNode json, String name, String good, Optional<CertificateReport.Check> check) {
        if (check.isPresent()) {
            json.putObject(name)
                    .put("file", check.get().file().toString())
                    .put(good, check.get().good());
        } else {
            json.putNull(name);
        }
    }
}
