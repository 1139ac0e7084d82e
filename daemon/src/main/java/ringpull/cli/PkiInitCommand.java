package ringpull.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import ringpull.pki.Authority;

/** {@code ringpull pki init}. */
@Command(
        name = "init",
        header = "Make an authority for a ring.",
        description = {
            "Writes ca.pem, the authority's certificate, which every node gets (mode 0644), and ca.key, which none gets"
                    + " (mode 0600). The key is on the curve P-256."
        },
        footer = {
            "  ringpull pki init --cluster lab --dir pki",
            "",
            "Keys of --json: certificate, key, cluster, expires"
        })
final class PkiInitCommand implements Callable<Integer> {
    static final int DAYS_MAX = 36_500;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--cluster",
            paramLabel = "NAME",
            defaultValue = "default",
            description = "The ring that its members belong to, as [ring] cluster in their configuration says it."
                    + " Default: ${DEFAULT-VALUE}.")
    private String cluster = "default";

    @Option(
            names = "--dir",
            paramLabel = "DIRECTORY",
            defaultValue = ".",
            description = "Where to write; made, for its owner only, if it does not exist. Default: where you are.")
    private Path directory = Path.of(".");

    @Option(
            names = "--days",
            paramLabel = "DAYS",
            defaultValue = "3650",
            description = "How long it is valid; certificates that it issues are not valid for longer. Default:"
                    + " ${DEFAULT-VALUE}.")
    private int days = 3650;

    @Option(
            names = "--force",
            description = "Replace ca.pem and ca.key. Nodes then no longer trust those whose certificates the former"
                    + " authority issued: to change over, put both ca.pem into one file on every node first.")
    private boolean force;

    @Option(names = "--json", description = "Print one JSON object on one line instead; its keys are below.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        Authority authority;
        try {
            authority = Authority.create(cluster, Instant.now(), days(days, spec));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--cluster: " + e.getMessage(), e);
        }
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        authority.write(directory, force);

        Path certificate = directory.resolve(Authority.CERTIFICATE_FILE);
        Path key = directory.resolve(Authority.KEY_FILE);
        Instant expires = authority.certificate().getNotAfter().toInstant();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Json.print(
                    out,
                    Json.object()
                            .put("certificate", certificate.toString())
                            .put("key", key.toString())
                            .put("cluster", cluster)
                            .put("expires", expires.toString()));
        } else {
            out.println("wrote " + certificate + ", valid until " + expires + ": every node gets it");
            out.println("wrote " + key + ": keep it off the nodes; whoever has it can make members");
            out.println("next: ringpull pki issue --dir " + directory + " --name NODE, for each node");
        }
        return ExitCode.DONE;
    }

    static Duration days(int days, CommandSpec spec) {
        if (days < 1 || days > DAYS_MAX) {
            throw new ParameterException(spec.commandLine(), "--days: from 1 to " + DAYS_MAX);
        }
        return Duration.ofDays(days);
    }
}
