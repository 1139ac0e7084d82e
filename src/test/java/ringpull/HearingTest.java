package ringpull;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blame.Fault;
import ringpull.blame.Reputation;
import ringpull.blame.Sentence;
import ringpull.blame.Statements;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Reading;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;
import ringpull.tls.PeerTls;
import ringpull.tls.TestCertificates;

/** What a member believes of what others say, before its swarm hears of it. */
class HearingTest {
    private static final Digest BLOB = Digest.parse("sha256:" + "ab".repeat(32));
    private static final Digest HASH = Digest.parse("sha256:" + "01".repeat(32));
    private static final Digest RIGHT = Digest.parse("sha256:" + "02".repeat(32));

    @TempDir
    private Path temp;

    private final Reputation reputation = Reputation.inMemory(InstantSource.system());
    private Statements alice;
    private Statements framer;
    private MemberId aliceId;
    private MemberId framerId;
    private Hearing hearing;

    @BeforeEach
    void members() throws IOException {
        TestCertificates ring = new TestCertificates(temp, "ca");
        PeerTls a = PeerTls.of(ring.member("alice"));
        PeerTls f = PeerTls.of(ring.member("framer"));
        aliceId = new MemberId(a.identity().memberId());
        framerId = new MemberId(f.identity().memberId());
        alice = statements(a, aliceId);
        framer = statements(f, framerId);
        PeerTls v = PeerTls.of(ring.member("victim"));
        hearing = new Hearing(statements(v, new MemberId(v.identity().memberId())), reputation);
    }

    private static Statements statements(PeerTls member, MemberId id) {
        return new Statements("test", id, 1, Optional.of(member.keys()), any -> OptionalLong.of(1));
    }

    private static Statement made(Statements by) {
        return by.make(BLOB, 1 << 20, new Run(0, 1), List.of(HASH), "https://origin", true);
    }

    private Optional<Sentence.Kind> standing(MemberId member) {
        return reputation.of(member).map(Sentence::kind);
    }

    /** What it signed itself, said to be another's. */
    private Statement framed() {
        Statement own = made(framer);
        Reading alices = new Reading(
                aliceId,
                own.reading().epoch(),
                own.reading().sizeBytes(),
                own.run(),
                own.hashes(),
                own.reading().endpoint(),
                true);
        return new Statement(alices, own.certificates(), own.signature());
    }

    @Test
    void whoFramesAnotherHarmsItself() {
        assertThat(hearing.believed(framerId, BLOB, framed())).isEmpty();

        assertThat(standing(framerId)).contains(Sentence.Kind.LOWERED);
        assertThat(standing(aliceId)).isEmpty();
        assertThat(hearing.believed(framerId, BLOB, made(alice)))
                .as("what a forger passes on")
                .isEmpty();
        assertThat(hearing.believed(aliceId, BLOB, made(alice)))
                .as("the same from somebody else")
                .isPresent();
    }

    @Test
    void aStatementAboutOneBlobIsNoneAboutAnother() {
        assertThat(hearing.believed(framerId, RIGHT, made(alice))).isEmpty();

        assertThat(standing(framerId)).contains(Sentence.Kind.LOWERED);
        assertThat(standing(aliceId)).isEmpty();
    }

    @Test
    void whoPassesOnAnothersLieInGoodFaithIsHeard() {
        Statement lie = made(alice);
        assertThat(hearing.believed(framerId, BLOB, lie)).isPresent();

        reputation.happened(new Fault.FalseStatement(BLOB, 0, lie, RIGHT));

        assertThat(standing(aliceId)).contains(Sentence.Kind.QUARANTINED);
        assertThat(standing(framerId)).isEmpty();
        assertThat(hearing.hears(aliceId)).isFalse();
        assertThat(hearing.hears(framerId)).isTrue();
        assertThat(hearing.believed(framerId, BLOB, lie))
                .as("a quarantined member is not believed, whoever passes it on")
                .isEmpty();
    }
}
