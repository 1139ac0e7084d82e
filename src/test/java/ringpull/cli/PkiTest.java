package ringpull.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ringpull pki}, from nothing to a certificate that serves a member. */
class PkiTest {
    @TempDir
    Path folder;

    private String directory;

    @BeforeEach
    void init() {
        directory = folder.resolve("pki").toString();
        Ran ran = Ran.of("pki", "init", "--cluster", "lab", "--dir", directory);
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        assertThat(ran.out()).contains("keep it off the nodes");
    }

    private Ran issue(String... more) {
        String[] arguments = new String[6 + more.length];
        System.arraycopy(new String[] {"pki", "issue", "--dir", directory, "--name", "gpu-1"}, 0, arguments, 0, 6);
        System.arraycopy(more, 0, arguments, 6, more.length);
        return Ran.of(arguments);
    }

    private static JsonNode json(Ran ran) throws IOException {
        return new ObjectMapper().readTree(ran.out());
    }

    @Test
    void aCertificateIsIssuedAndInspected() throws IOException {
        Ran issued = issue("--address", "10.0.0.1", "--json");
        assertThat(json(issued).get("identity").asText()).isEqualTo("ringpull://lab/gpu-1");

        Ran inspected = Ran.of("pki", "inspect", json(issued).get("certificate").asText());

        assertThat(inspected.exitCode()).as(inspected.out() + inspected.err()).isZero();
        assertThat(inspected.out())
                .contains("subject      CN=gpu-1")
                .contains("member       ringpull://lab/gpu-1")
                .contains("cluster      lab")
                .contains("gpu-1.key matches")
                .contains("ca.pem vouches for it")
                .containsPattern("sha256 +[0-9a-f]{64}")
                .contains("problems     none");
    }

    @Test
    void jsonHasTheKeysOfTheManual() throws IOException {
        issue();

        JsonNode report = json(Ran.of("pki", "inspect", "--json", directory + "/gpu-1.pem"));

        JsonNode certificate = report.get("certificates").get(0);
        assertThat(certificate.fieldNames())
                .toIterable()
                .containsExactly(
                        "subject",
                        "issuer",
                        "authority",
                        "identity",
                        "cluster",
                        "member_id",
                        "sha256",
                        "key_sha256",
                        "valid_from",
                        "valid_until");
        assertThat(report.get("key").get("matches").asBoolean()).isTrue();
        assertThat(report.get("ca").get("vouches").asBoolean()).isTrue();
        assertThat(report.get("problems")).isEmpty();
        assertThat(Ran.of("pki", "inspect", "--help").out()).contains("key_sha256");
    }

    @Test
    void whatAMemberCannotUseNeedsYourHand() throws IOException {
        issue();
        String other = folder.resolve("other").toString();
        Ran.of("pki", "init", "--dir", other);
        issue("--renew");
        Ran wrong = Ran.of(
                "pki", "inspect", "--ca", other + "/ca.pem", "--key", other + "/ca.key", directory + "/gpu-1.pem");
        assertThat(wrong.exitCode()).isEqualTo(ExitCode.NEEDS_YOUR_HAND);
        assertThat(wrong.out()).contains("DOES NOT MATCH").contains("DOES NOT VOUCH FOR IT");
    }

    @Test
    void nothingIsOverwrittenUnasked() throws IOException {
        issue();
        String key = Files.readString(Path.of(directory, "gpu-1.key"));

        assertThat(issue().exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(issue().err()).contains("--renew or --force");
        assertThat(Ran.of("pki", "init", "--dir", directory).exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(issue("--renew").exitCode()).isZero();
        assertThat(Path.of(directory, "gpu-1.key")).content().isEqualTo(key);
        assertThat(issue("--force").exitCode()).isZero();
        assertThat(Path.of(directory, "gpu-1.key")).content().isNotEqualTo(key);
    }

    @Test
    void wrongUsageSaysWhatIsRight() {
        assertThat(Ran.of("pki").exitCode()).isEqualTo(ExitCode.WRONG_USAGE);
        assertThat(issue("--days", "0").err()).contains("--days: from 1 to");
        assertThat(issue("--renew", "--force").exitCode()).isEqualTo(ExitCode.WRONG_USAGE);
        assertThat(issue("--cluster", "a b").err()).contains("a cluster's name has at most 63");
        assertThat(Ran.of("pki", "issue", "--dir", folder + "/none", "--name", "a")
                        .err())
                .contains("ringpull pki init");
        assertThat(Ran.of("pki", "inspect", folder + "/none.pem").exitCode()).isEqualTo(ExitCode.FAILED);
    }
}
