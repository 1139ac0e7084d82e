package ringpull.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.tls.PeerIdentity;
import ringpull.tls.PeerTls;

class AuthorityTest {
    private static final Duration YEAR = Duration.ofDays(365);

    private final Instant now = Instant.now();

    @TempDir
    Path folder;

    private Authority authority() throws IOException {
        Authority authority = Authority.create("lab", now, Duration.ofDays(3650));
        authority.write(folder, false);
        return authority;
    }

    private X509Certificate issue(MemberFiles files, Authority authority) throws IOException {
        return files.issue(authority, Optional.empty(), List.of(), now, YEAR, false);
    }

    @Test
    void whatItIssuesServesAMember() throws Exception {
        Authority authority = authority();
        MemberFiles files = MemberFiles.of(folder, "gpu-1");

        X509Certificate certificate = issue(files, authority);

        PeerTls tls = PeerTls.of(new Config.Tls(files.certificate(), files.key(), folder.resolve("ca.pem")));
        assertThat(tls.identity()).isEqualTo(new PeerIdentity("ringpull://lab/gpu-1", Optional.of("lab")));
        assertThat(PeerIdentity.of(certificate)).isEqualTo(tls.identity());
        assertThat(tls.validUntil()).isBetween(now.plus(YEAR).minusSeconds(1), now.plus(YEAR));
        assertThat(tls.problems(now)).isEmpty();
    }

    @Test
    void keysAreForTheirOwnerAlone() throws IOException {
        issue(MemberFiles.of(folder, "gpu-1"), authority());

        assertThat(mode("ca.key")).isEqualTo("rw-------");
        assertThat(mode("gpu-1.key")).isEqualTo("rw-------");
        assertThat(mode("ca.pem")).isEqualTo("rw-r--r--");
        assertThat(mode("gpu-1.pem")).isEqualTo("rw-r--r--");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).as("no half-written files").hasSize(4);
        }
    }

    private String mode(String file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file)));
    }

    @Test
    void nothingIsOverwrittenUnasked() throws IOException {
        Authority authority = authority();
        MemberFiles files = MemberFiles.of(folder, "gpu-1");
        issue(files, authority);
        byte[] key = Files.readAllBytes(files.key());

        assertThatThrownBy(() -> issue(files, authority))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("--force");
        assertThatThrownBy(this::authority).isInstanceOf(IOException.class).hasMessageContaining("ca.key exists");
        Files.delete(files.certificate());
        assertThatThrownBy(() -> issue(files, authority))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("--force");

        assertThat(Files.readAllBytes(files.key())).isEqualTo(key);
        assertThat(Authority.load(folder).certificate()).isEqualTo(authority.certificate());
        files.issue(authority, Optional.empty(), List.of(), now, YEAR, true);
        assertThat(Files.readAllBytes(files.key())).isNotEqualTo(key);
    }

    @Test
    void renewingKeepsKeyRingAndAddresses() throws Exception {
        Authority authority = authority();
        MemberFiles files = MemberFiles.of(folder, "gpu-1");
        X509Certificate former =
                files.issue(authority, Optional.of("other"), List.of("10.0.0.1", "gpu-1.lab"), now, YEAR, false);

        X509Certificate renewed =
                files.renew(authority, Optional.empty(), List.of(), now.plus(Duration.ofDays(300)), YEAR);

        assertThat(renewed.getPublicKey()).isEqualTo(former.getPublicKey());
        assertThat(renewed.getSubjectAlternativeNames())
                .hasSize(3)
                .containsExactlyElementsOf(former.getSubjectAlternativeNames());
        assertThat(PeerIdentity.of(renewed)).isEqualTo(PeerIdentity.of(former));
        assertThat(renewed.getNotAfter()).isAfter(former.getNotAfter());
        assertThat(renewed.getSerialNumber()).isNotEqualTo(former.getSerialNumber());
    }

    @Test
    void theReportSaysWhenItIsTimeToRenew() throws IOException {
        MemberFiles files = MemberFiles.of(folder, "gpu-1");
        issue(files, authority());

        assertThat(problems(files, Duration.ofDays(350))).isEmpty();
        assertThat(problems(files, Duration.ofDays(352)))
                .singleElement()
                .asString()
                .contains("renew it");
        assertThat(problems(files, Duration.ofDays(366)))
                .singleElement()
                .asString()
                .contains("expired");
        assertThat(problems(files, Duration.ofDays(-1)))
                .singleElement()
                .asString()
                .contains("valid only from");
    }

    private List<String> problems(MemberFiles files, Duration later) throws IOException {
        return CertificateReport.of(files.certificate(), Optional.empty(), Optional.empty(), now.plus(later))
                .problems();
    }

    @Test
    void nothingOutlivesItsAuthority() throws IOException {
        Authority authority = Authority.create("lab", now, Duration.ofDays(10));
        Authority.Request request = new Authority.Request("lab", "gpu-1", List.of());

        assertThat(authority.issue(request, now, YEAR).certificate().getNotAfter())
                .isEqualTo(authority.certificate().getNotAfter());
    }

    @Test
    void namesThatDoNotBelongInACertificateAreRefused() throws IOException {
        Authority authority = authority();
        for (String name : List.of("", "a/b", "a b", "-a", "x".repeat(65), "a\n")) {
            assertThatThrownBy(() -> new Authority.Request("lab", name, List.of()))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> MemberFiles.of(folder, "ca")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> authority.issue(new Authority.Request("lab.", "a", List.of()), now, YEAR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ringpull://lab./a");
        assertThatThrownBy(() -> authority.issue(new Authority.Request("lab", "a", List.of("300.1.1.1")), now, YEAR))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
