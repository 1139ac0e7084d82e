package ringpull.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.pki.Authority;
import ringpull.pki.KeyFiles;
import ringpull.transport.Await;

/** Certificates and revocations that change under a daemon that runs. */
class ReloadTest {
    private static final Duration LIFE = Duration.ofDays(2);

    @TempDir
    Path folder;

    private TestCertificates ring;
    private Config.Tls one;
    private PeerTls two;

    @BeforeEach
    void members() throws IOException {
        ring = new TestCertificates(folder, "ring");
        Config.Tls files = ring.member("one");
        Path revoked = Files.writeString(folder.resolve("revoked"), "");
        one = new Config.Tls(files.cert(), files.key(), files.ca(), Optional.of(revoked));
        two = PeerTls.of(ring.member("two"));
    }

    /** What changed is taken when it has not changed between two looks. */
    private static void take(PeerTls tls) {
        tls.refresh();
        tls.refresh();
    }

    private static boolean agree(PeerTls server, PeerTls client) throws Exception {
        // A client learns only after its side of the handshake that it is refused: it counts what the server says.
        try (TlsConnection connection = TlsConnection.open(server, client)) {
            return connection.isOpen();
        } catch (IOException e) {
            return false;
        }
    }

    private void revoke(String line) throws IOException {
        Files.writeString(one.revoked().orElseThrow(), line + "\n");
    }

    @Test
    void aRenewedCertificateServesNewConnectionsAndOpenOnesStay() throws Exception {
        PeerTls tls = PeerTls.of(one);
        AtomicInteger changes = new AtomicInteger();
        tls.onChange(changes::incrementAndGet);
        Instant before = tls.validUntil();
        try (TlsConnection open = TlsConnection.open(tls, two)) {
            Authority.Request request = new Authority.Request(TestCertificates.CLUSTER, "one", List.of());
            Authority.Issued renewed =
                    ring.authority().issue(request, Instant.now().minus(Duration.ofHours(1)), LIFE);
            ring.write(renewed, "one");
            take(tls);

            assertThat(changes).hasValue(1);
            assertThat(tls.validUntil())
                    .isBefore(before)
                    .isEqualTo(renewed.certificate().getNotAfter().toInstant());
            assertThat(tls.isStale()).isFalse();
            assertThat(open.isOpen()).isTrue();
            try (TlsConnection next = TlsConnection.open(tls, two)) {
                assertThat(next.serverCertificate()).isEqualTo(renewed.certificate());
            }
        }
    }

    @Test
    void halfOfAChangeIsNotTaken() throws Exception {
        PeerTls tls = PeerTls.of(one);
        Authority.Request request = new Authority.Request(TestCertificates.CLUSTER, "one", List.of());
        Authority.Issued renewed = ring.authority().issue(request, Instant.now(), LIFE);

        KeyFiles.write(one.key(), renewed.key(), true);
        tls.refresh();
        assertThat(tls.isStale()).as("it may be just being written").isFalse();
        tls.refresh();

        assertThat(tls.isStale()).isTrue();
        assertThat(tls.problems(Instant.now())).singleElement().asString().contains("is not the key of");
        assertThat(agree(tls, two)).as("with the former pair").isTrue();

        KeyFiles.write(one.cert(), renewed.certificate(), true);
        take(tls);
        assertThat(tls.isStale()).isFalse();
        assertThat(tls.problems(Instant.now())).isEmpty();
        assertThat(agree(tls, two)).isTrue();
    }

    @Test
    void aMissingFileLeavesAllAsItWas() throws Exception {
        PeerTls tls = PeerTls.of(one);
        Files.delete(one.ca());
        take(tls);
        assertThat(tls.problems(Instant.now())).singleElement().asString().contains("does not exist");
        assertThat(agree(tls, two)).isTrue();
    }

    @Test
    void anotherMembersCertificateIsNotTaken() throws Exception {
        PeerTls tls = PeerTls.of(one);
        Config.Tls other = ring.member("other");
        Files.copy(other.key(), one.key(), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(other.cert(), one.cert(), StandardCopyOption.REPLACE_EXISTING);
        take(tls);

        assertThat(tls.identity().text()).isEqualTo("ringpull://test/one");
        assertThat(tls.problems(Instant.now()))
                .singleElement()
                .asString()
                .contains("is now of ringpull://test/other", "restart");
        try (TlsConnection connection = TlsConnection.open(tls, two)) {
            assertThat(connection.server()).isEqualTo(tls.identity());
        }
    }

    @Test
    void aSymbolicLinkThatIsSwappedIsSeen() throws Exception {
        // As Kubernetes mounts secrets: tls.crt -> ..data/tls.crt, ..data -> ..first, and then -> ..second at once.
        Path mount = Files.createDirectory(folder.resolve("mount"));
        copyTo(Files.createDirectory(mount.resolve("..first")), one);
        Files.createSymbolicLink(mount.resolve("..data"), Path.of("..first"));
        for (String file : List.of("tls.crt", "tls.key", "ca.crt")) {
            Files.createSymbolicLink(mount.resolve(file), Path.of("..data", file));
        }
        PeerTls tls =
                PeerTls.of(new Config.Tls(mount.resolve("tls.crt"), mount.resolve("tls.key"), mount.resolve("ca.crt")));
        Authority.Request request = new Authority.Request(TestCertificates.CLUSTER, "one", List.of());
        Authority.Issued renewed = ring.authority().issue(request, Instant.now(), LIFE);
        copyTo(Files.createDirectory(mount.resolve("..second")), ring.write(renewed, "one"));

        Files.createSymbolicLink(mount.resolve("..next"), Path.of("..second"));
        Files.move(mount.resolve("..next"), mount.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
        take(tls);

        try (TlsConnection next = TlsConnection.open(tls, two)) {
            assertThat(next.serverCertificate()).isEqualTo(renewed.certificate());
        }
    }

    private static void copyTo(Path directory, Config.Tls files) throws IOException {
        Files.copy(files.cert(), directory.resolve("tls.crt"));
        Files.copy(files.key(), directory.resolve("tls.key"));
        Files.copy(files.ca(), directory.resolve("ca.crt"));
    }

    @Test
    void anAuthorityThatIsTakenAwayTakesItsMembersConnectionsWithIt() throws Exception {
        TestCertificates next = new TestCertificates(folder, "next");
        Path bundle = folder.resolve("bundle.pem");
        Files.writeString(bundle, Files.readString(next.ca()) + Files.readString(ring.ca()));
        Config.Tls files = next.member("one");
        PeerTls tls = PeerTls.of(new Config.Tls(files.cert(), files.key(), bundle));
        Config.Tls oldFiles = ring.member("old");
        Config.Tls newFiles = next.member("new");
        PeerTls former = PeerTls.of(new Config.Tls(oldFiles.cert(), oldFiles.key(), bundle));
        PeerTls newer = PeerTls.of(new Config.Tls(newFiles.cert(), newFiles.key(), bundle));

        // Four, because either end may be the one that is told.
        try (TlsConnection served = TlsConnection.open(tls, former);
                TlsConnection dialled = TlsConnection.open(former, tls);
                TlsConnection stays = TlsConnection.open(tls, newer);
                TlsConnection staysToo = TlsConnection.open(newer, tls)) {
            Files.copy(next.ca(), bundle, StandardCopyOption.REPLACE_EXISTING);
            take(tls);

            assertThat(served.closes()).isTrue();
            assertThat(dialled.closes()).isTrue();
            assertThat(stays.isOpen()).isTrue();
            assertThat(staysToo.isOpen()).isTrue();
        }
        assertThat(agree(tls, former)).isFalse();
        assertThat(agree(former, tls)).isFalse();
        assertThat(agree(tls, newer)).isTrue();
    }

    @Test
    void aRevocationClosesOpenConnectionsAndRefusesNewOnes() throws Exception {
        PeerTls tls = PeerTls.of(one);
        Config.Tls threeFiles = ring.member("three");
        PeerTls three = PeerTls.of(threeFiles);
        try (TlsConnection served = TlsConnection.open(tls, three);
                TlsConnection dialled = TlsConnection.open(three, tls);
                TlsConnection stays = TlsConnection.open(tls, two)) {
            revoke("# lost in the train\n" + Strangers.fingerprint(threeFiles) + "  # three");
            take(tls);

            assertThat(served.closes()).isTrue();
            assertThat(dialled.closes()).isTrue();
            assertThat(stays.isOpen()).isTrue();
        }
        assertThat(agree(tls, three)).isFalse();
        assertThat(agree(three, tls)).isFalse();
        assertThat(agree(tls, two)).isTrue();

        revoke("");
        take(tls);
        assertThat(agree(tls, three)).as("forgiven").isTrue();
        Await.until("the last of its connections to be gone", () -> tls.openConnections() == 0);
    }

    @Test
    void aRevokedKeyTakesItsLaterCertificatesWithIt() throws Exception {
        PeerTls tls = PeerTls.of(one);
        Config.Tls threeFiles = ring.member("three");
        String key = Fingerprint.ofKey(Pem.certificates(threeFiles.cert()).getFirst());
        // As openssl writes fingerprints.
        revoke("SHA256:" + key.toUpperCase(Locale.ROOT).replaceAll("..(?!$)", "$0:"));
        take(tls);
        assertThat(tls.isStale()).isFalse();
        assertThat(agree(tls, PeerTls.of(threeFiles))).isFalse();
    }

    @Test
    void aListThatCannotBeReadKeepsTheFormerOne() throws Exception {
        Config.Tls threeFiles = ring.member("three");
        revoke(Strangers.fingerprint(threeFiles));
        PeerTls tls = PeerTls.of(one);
        revoke("not a fingerprint");
        take(tls);

        assertThat(tls.problems(Instant.now())).singleElement().asString().contains("revoked:1 is not a SHA-256");
        assertThat(agree(tls, PeerTls.of(threeFiles))).isFalse();
        assertThat(agree(tls, two)).isTrue();

        assertThatThrownBy(() -> PeerTls.of(one))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("[peer] revoked");
    }

    @Test
    void aMemberThatIsItselfRevokedSaysSo() throws Exception {
        revoke(Strangers.fingerprint(one));
        assertThat(PeerTls.of(one).problems(Instant.now()))
                .singleElement()
                .asString()
                .contains("is itself revoked");
    }
}
