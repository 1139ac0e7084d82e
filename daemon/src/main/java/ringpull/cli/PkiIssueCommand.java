package ringpull.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import ringpull.pki.Authority;
import ringpull.pki.MemberFiles;

/** {@code ringpull pki issue}. */
@Command(
        name = "issue",
        header = "Make a node's certificate.",
        description = {
            "Writes NODE.pem (mode 0644) and NODE.key (mode 0600) beside ca.pem and ca.key. The certificate names the"
                + " member ringpull://CLUSTER/NODE, by which the others know it: each node needs one of its own, and a"
                + " node keeps its place in the ring when a later certificate has the same name.",
            "",
            "Before a certificate expires, make another one with --renew and put it in its place on the node: the"
                + " daemon takes it without a restart. If a key may have been seen by others, put the fingerprint of"
                + " its certificate into the file [peer] revoked of every node, and make a new one with --force."
        },
        footer = {
            "  ringpull pki issue --dir pki --name gpu-1",
            "  ringpull pki issue --dir pki --name gpu-1 --renew",
            "  scp pki/gpu-1.pem pki/gpu-1.key pki/ca.pem root@gpu-1:/etc/ringpull/",
            "",
            "Keys of --json: certificate, key, ca, identity, expires"
        })
final class PkiIssueCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--name",
            paramLabel = "NODE",
            required = true,
            description = "The node's name in the ring and of its files; no two nodes have the same.")
    private String name = "";

    @Option(
            names = "--dir",
            paramLabel = "DIRECTORY",
            defaultValue = ".",
            description = "Where ca.pem and ca.key are, and where to write. Default: where you are.")
    private Path directory = Path.of(".");

    @Option(
            names = "--cluster",
            paramLabel = "NAME",
            description = "The ring that the node belongs to. Default: that of ringpull pki init. Members of different"
                    + " rings refuse each other, also where one authority issued their certificates.")
    private @Nullable String cluster;

    @Option(
            names = "--address",
            paramLabel = "ADDRESS",
            description =
                    "An IP address or DNS name to write into the certificate, for other programs; may be repeated."
                            + " Ringpull itself compares none.")
    private List<String> addresses = new ArrayList<>();

    @Option(
            names = "--days",
            paramLabel = "DAYS",
            defaultValue = "365",
            description = "How long it is valid, and at most as long as the authority. Default: ${DEFAULT-VALUE}.")
    private int days = 365;

    @Option(
            names = "--renew",
            description = "Replace the certificate, and keep the key, the ring and (unless given) the addresses.")
    private boolean renew;

    @Option(names = "--force", description = "Replace the certificate and the key.")
    private boolean force;

    @Option(names = "--json", description = "Print one JSON object on one line instead; its keys are below.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        if (renew && force) {
            throw new ParameterException(spec.commandLine(), "--renew keeps the key, --force replaces it: one of both");
        }
        Duration life = PkiInitCommand.days(days, spec);
        Authority authority = Authority.load(directory);
        MemberFiles files;
        X509Certificate certificate;
        try {
            files = MemberFiles.of(directory, name);
            Optional<String> ring = Optional.ofNullable(cluster);
            certificate = renew
                    ? files.renew(authority, ring, addresses, Instant.now(), life)
                    : files.issue(authority, ring, addresses, Instant.now(), life, force);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        print(files, certificate);
        return ExitCode.DONE;
    }

    private void print(MemberFiles files, X509Certificate certificate) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Path ca = directory.resolve(Authority.CERTIFICATE_FILE);
        String identity = MemberFiles.identity(certificate);
        Instant expires = certificate.getNotAfter().toInstant();
        if (json) {
            Json.print(
                    out,
                    Json.object()
                            .put("certificate", files.certificate().toString())
                            .put("key", files.key().toString())
                            .put("ca", ca.toString())
                            .put("identity", identity)
                            .put("expires", expires.toString()));
            return;
        }
        out.println("wrote " + files.certificate() + " for " + identity + ", valid until " + expires);
        out.println((renew ? "kept " : "wrote ") + files.key());
        out.println("next: copy both and " + ca + " to that node, and name them there as [peer] cert, key and ca");
    }
}
