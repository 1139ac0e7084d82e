package ringpull.blame;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ringpull.blame.Statements.Finding;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.ring.MemberId;
import ringpull.swarm.Reading;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;
import ringpull.tls.Fingerprint;
import ringpull.tls.PeerTls;
import ringpull.tls.Pem;
import ringpull.tls.TestCertificates;

/** A statement counts only as its signer made it: in this ring, in its present boot, about this blob. */
class StatementsTest {
    private static final Digest BLOB = digest("aa");
    private static final Digest OTHER = digest("bb");
    private static final List<Digest> HASHES = List.of(digest("01"), digest("02"));
    private static final long EPOCH = 1_000;

    @TempDir
    Path temp;

    private TestCertificates authority;
    private Config.Tls alicesFiles;
    private PeerTls alice;
    private PeerTls bob;

    @BeforeEach
    void certificates() throws IOException {
        authority = new TestCertificates(temp, "ca");
        alicesFiles = authority.member("alice");
        alice = PeerTls.of(alicesFiles);
        bob = PeerTls.of(authority.member("bob"));
    }

    private static Digest digest(String hexByte) {
        return Digest.parse("sha256:" + hexByte.repeat(32));
    }

    private static MemberId id(PeerTls member) {
        return new MemberId(member.identity().memberId());
    }

    private static Statements of(PeerTls member, String cluster, long epoch) {
        return new Statements(cluster, id(member), epoch, Optional.of(member.keys()), reader -> OptionalLong.of(epoch));
    }

    private Statement made() {
        return of(alice, "test", EPOCH).make(BLOB, 9 << 20, new Run(3, 5), HASHES, "https://origin", true);
    }

    private Finding asBobSees(Digest digest, Statement statement) {
        return of(bob, "test", EPOCH).check(digest, statement);
    }

    @Test
    void aStatementIsItsSignersAndIsCheckedOnce() {
        Statements bobs = of(bob, "test", EPOCH);
        Statement statement = made();

        Finding first = bobs.check(BLOB, statement);
        Finding second =
                bobs.check(BLOB, new Statement(statement.reading(), statement.certificates(), statement.signature()));

        assertThat(first).isInstanceOf(Finding.Valid.class);
        assertThat(((Finding.Valid) first).statement().reading()).isEqualTo(statement.reading());
        assertThat(((Finding.Valid) second).statement())
                .as("the same object, so that its parts are kept once")
                .isSameAs(((Finding.Valid) first).statement());
    }

    static Stream<Map.Entry<String, UnaryOperator<Reading>>> changes() {
        return Map.<String, UnaryOperator<Reading>>of(
                "epoch",
                r -> new Reading(r.reader(), 7, r.sizeBytes(), r.run(), r.hashes(), r.endpoint(), r.authentic()),
                "size",
                r -> new Reading(r.reader(), r.epoch(), 8, r.run(), r.hashes(), r.endpoint(), r.authentic()),
                "place",
                r -> new Reading(
                        r.reader(), r.epoch(), r.sizeBytes(), new Run(4, 6), r.hashes(), r.endpoint(), r.authentic()),
                "hash",
                r -> new Reading(
                        r.reader(),
                        r.epoch(),
                        r.sizeBytes(),
                        r.run(),
                        r.hashes().reversed(),
                        r.endpoint(),
                        r.authentic()),
                "length",
                r -> new Reading(
                        r.reader(),
                        r.epoch(),
                        r.sizeBytes(),
                        new Run(3, 4),
                        r.hashes().subList(0, 1),
                        r.endpoint(),
                        r.authentic()),
                "endpoint",
                r -> new Reading(r.reader(), r.epoch(), r.sizeBytes(), r.run(), r.hashes(), "https://o", r.authentic()),
                "authentic",
                r -> new Reading(r.reader(), r.epoch(), r.sizeBytes(), r.run(), r.hashes(), r.endpoint(), false))
                .entrySet()
                .stream();
    }

    @ParameterizedTest
    @MethodSource("changes")
    void nothingInItCanBeChanged(Map.Entry<String, UnaryOperator<Reading>> change) {
        Statement whole = made();
        Reading changed = change.getValue().apply(whole.reading());
        Statements bobs = new Statements(
                "test",
                id(bob),
                EPOCH,
                Optional.of(bob.keys()),
                reader -> OptionalLong.of(changed.epoch())); // as if its epoch were the present one

        assertThat(bobs.check(BLOB, new Statement(changed, whole.certificates(), whole.signature())))
                .isInstanceOf(Finding.Forged.class);
    }

    @Test
    void itIsNotRepeatedAboutAnotherBlobInAnotherRingOrBoot() {
        assertThat(asBobSees(OTHER, made())).isInstanceOf(Finding.Forged.class);
        assertThat(of(bob, "other", EPOCH).check(BLOB, made())).isInstanceOf(Finding.Forged.class);
        assertThat(of(bob, "test", EPOCH + 1).check(BLOB, made())).isInstanceOf(Finding.Unusable.class);
    }

    @Test
    void nobodySignsForAnother() {
        Reading alices = made().reading();
        var bobs = bob.keys().sign(alices.bytes("test", BLOB));

        assertThat(asBobSees(BLOB, new Statement(alices, bobs.certificates(), bobs.signature())))
                .as("a framer with a key of its own")
                .isInstanceOf(Finding.Forged.class);
        assertThat(asBobSees(BLOB, new Statement(alices, made().certificates(), bobs.signature())))
                .as("a framer that shows the certificate of its victim")
                .isInstanceOf(Finding.Forged.class);
        assertThat(asBobSees(BLOB, new Statement(alices, new byte[0], new byte[0])))
                .as("no signature at all")
                .isInstanceOf(Finding.Unusable.class);
        assertThat(asBobSees(BLOB, new Statement(alices, new byte[] {1, 2, 3}, new byte[] {4})))
                .isInstanceOf(Finding.Unusable.class);
    }

    @Test
    void strangersAndTheRevokedAreNotBelieved() throws IOException {
        PeerTls stranger = PeerTls.of(new TestCertificates(temp, "other ca").member("alice"));
        assertThat(of(bob, "test", EPOCH)
                        .check(
                                BLOB,
                                of(stranger, "test", EPOCH)
                                        .make(BLOB, 2, new Run(0, 1), HASHES.subList(0, 1), "", true)))
                .isInstanceOf(Finding.Unusable.class);

        Path revoked = Files.createFile(temp.resolve("revoked"));
        Config.Tls files = authority.member("carol");
        PeerTls carol = PeerTls.of(new Config.Tls(files.cert(), files.key(), files.ca(), Optional.of(revoked)));
        Statements carols = of(carol, "test", EPOCH);
        carol.onChange(carols::forget);
        assertThat(carols.check(BLOB, made())).isInstanceOf(Finding.Valid.class);
        Files.writeString(
                revoked, Fingerprint.ofKey(Pem.certificates(alicesFiles.cert()).getFirst()));
        carol.refresh();
        carol.refresh(); // what changed is taken when it has settled
        assertThat(carols.check(BLOB, made())).isInstanceOf(Finding.Unusable.class);
    }

    @Test
    void amongMembersWithoutCertificatesAWordIsAWord() {
        Statements a = new Statements("test", id(alice), EPOCH, Optional.empty(), r -> OptionalLong.of(EPOCH));
        Statement unsigned = a.make(BLOB, 9 << 20, new Run(3, 5), HASHES, "http://origin", false);

        assertThat(a.areSigned()).isFalse();
        assertThat(unsigned.signature()).isEmpty();
        assertThat(a.check(BLOB, unsigned)).isInstanceOf(Finding.Valid.class);
        assertThat(asBobSees(BLOB, unsigned)).as("in a ring with certificates").isInstanceOf(Finding.Unusable.class);
    }

    @Test
    void whatIsSignedIsOneStringOfBytes() {
        Reading reading = new Reading(
                new MemberId("00112233445566778899aabbccddeeff"),
                5,
                2 << 20,
                new Run(1, 2),
                List.of(digest("ab")),
                "https://o",
                true);

        assertThat(HexFormat.of().formatHex(reading.bytes("ring", digest("cd"))))
                .isEqualTo("00000012" + "72696e6770756c6c2f72656164696e672f31" // ringpull/reading/1
                        + "00000004" + "72696e67"
                        + "00112233445566778899aabbccddeeff"
                        + "0000000000000005"
                        + "cd".repeat(32)
                        + "0000000000200000"
                        + "00100000"
                        + "00000001" + "00000001"
                        + "ab".repeat(32)
                        + "00000009" + "68747470733a2f2f6f"
                        + "01");
    }
}
