package ringpull.blame;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Reading;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;

/** What follows from one fault: the path before the member, and a ban only for a signed lie. */
class BlameTest {
    private static final MemberId LIAR = new MemberId("a".repeat(32));
    private static final long NOW = 1_800_000_000_000L;
    private static final long HOUR = Blame.QUARANTINE.toMillis();
    private static final byte[] SIGNATURE = {1};

    private final Blame blame = new Blame();

    private static Digest digest(int number) {
        return Digest.parse("sha256:%064x".formatted(number));
    }

    private static Fault falseStatement(int blob, boolean authentic, byte[] signature) {
        Reading reading =
                new Reading(LIAR, 1, 9 << 20, new Run(2, 4), List.of(digest(1), digest(2)), "origin:80", authentic);
        return new Fault.FalseStatement(digest(blob), 3, new Statement(reading, new byte[0], signature), digest(77));
    }

    private Optional<Sentence.Kind> standing(long now) {
        return blame.standing(LIAR, now).map(Sentence::kind);
    }

    @Test
    void aSignedLieIsAnHourAndTheNextOneTwo() {
        List<Ruling> first = blame.handle(falseStatement(1, true, SIGNATURE), NOW);

        assertThat(first)
                .containsExactly(
                        new Ruling.Quarantined(LIAR, NOW + HOUR, "signed a false hash of chunk 3 of " + digest(1)));
        assertThat(blame.handle(falseStatement(2, true, SIGNATURE), NOW + 1))
                .as("it is quarantined already")
                .isEmpty();
        assertThat(standing(NOW + HOUR - 1)).contains(Sentence.Kind.QUARANTINED);
        assertThat(standing(NOW + HOUR)).isEmpty();

        assertThat(blame.handle(falseStatement(3, true, SIGNATURE), NOW + HOUR))
                .extracting(ruling -> ((Ruling.Quarantined) ruling).untilMillis())
                .containsExactly(NOW + 3 * HOUR);
    }

    @Test
    void quarantinesGetNoLongerThanTheLongestAndOldOnesAreForgotten() {
        long now = NOW;
        for (int i = 0; i < 40; i++) {
            blame.handle(falseStatement(i, true, SIGNATURE), now);
            long until = blame.standing(LIAR, now).orElseThrow().untilMillis();
            assertThat(until - now).isBetween(HOUR, Blame.QUARANTINE_MOST.toMillis());
            now = until;
        }
        now += Blame.FORGOTTEN.toMillis() + 1;
        blame.handle(falseStatement(50, true, SIGNATURE), now);
        assertThat(blame.standing(LIAR, now).orElseThrow().untilMillis()).isEqualTo(now + HOUR);
    }

    @Test
    void aRestartForgetsNothingAndBelievesNoClockThatWasWrong() {
        blame.handle(falseStatement(1, true, SIGNATURE), NOW);
        Blame after = new Blame();

        after.restore(blame.kept(NOW + 1), NOW + 1);

        assertThat(after.standing(LIAR, NOW + 2)).isEqualTo(blame.standing(LIAR, NOW + 2));
        Blame wrongClock = new Blame();
        wrongClock.restore(List.of(new Sentence(LIAR, Sentence.Kind.QUARANTINED, Long.MAX_VALUE, 1, "")), NOW);
        assertThat(wrongClock.standing(LIAR, NOW + Blame.QUARANTINE_MOST.toMillis()))
                .isEmpty();
    }

    @Test
    void whoReadOverPlainHttpMayHaveBeenLiedTo() {
        for (int blob = 1; blob < Blame.UNAUTHENTIC_MOST; blob++) {
            List<Ruling> rulings = blame.handle(falseStatement(blob, false, SIGNATURE), NOW);
            assertThat(rulings).hasSize(2).first().isInstanceOf(Ruling.OriginInconsistent.class);
            assertThat(blame.handle(falseStatement(blob, false, SIGNATURE), NOW))
                    .as("the same blob again proves no more")
                    .first()
                    .isInstanceOf(Ruling.OriginInconsistent.class);
            assertThat(standing(NOW)).contains(Sentence.Kind.LOWERED);
        }

        assertThat(blame.handle(falseStatement(99, false, SIGNATURE), NOW))
                .singleElement()
                .isInstanceOf(Ruling.Quarantined.class);
    }

    @Test
    void withoutASignatureNobodyIsBanned() {
        assertThat(blame.handle(falseStatement(1, true, new byte[0]), NOW)).isEmpty();
        for (int blob = 0; blob < 100; blob++) {
            blame.handle(new Fault.FalseLadder(LIAR, digest(blob)), NOW);
            blame.handle(new Fault.WrongChunk(LIAR, digest(blob), 1, Fault.Channel.TLS, true), NOW);
            blame.handle(new Fault.ForgedStatement(LIAR, digest(blob), "why"), NOW);
        }
        assertThat(standing(NOW)).contains(Sentence.Kind.LOWERED);
        assertThat(standing(NOW + Blame.LOWERED.toMillis())).isEmpty();
    }

    @Test
    void aStatementThatIsRightAccusesNobody() {
        Reading reading = new Reading(LIAR, 1, 9 << 20, new Run(3, 4), List.of(digest(77)), "origin:443", true);
        Statement right = new Statement(reading, new byte[0], SIGNATURE);

        assertThat(blame.handle(new Fault.FalseStatement(digest(1), 3, right, digest(77)), NOW))
                .isEmpty();
    }

    @Test
    void aPlainPathIsToBlameUntilTheMemberFailsOverTls() {
        assertThat(blame.handle(new Fault.WrongChunk(LIAR, digest(1), 5, Fault.Channel.PLAIN, true), NOW))
                .containsExactly(new Ruling.ReadOverTls(LIAR, digest(1), 5, true));
        assertThat(standing(NOW)).isEmpty();

        assertThat(blame.handle(new Fault.ReadAgain(LIAR, digest(1), 5, true, true), NOW))
                .singleElement()
                .isInstanceOf(Ruling.PathLowered.class);
        assertThat(blame.handle(new Fault.ReadAgain(LIAR, digest(1), 5, false, true), NOW))
                .singleElement()
                .isInstanceOf(Ruling.Lowered.class);
    }

    @Test
    void nothingFollowsBeforeTheBlobIsProven() {
        assertThat(blame.handle(new Fault.WrongChunk(LIAR, digest(1), 5, Fault.Channel.TLS, false), NOW))
                .isEmpty();
        assertThat(blame.handle(new Fault.ReadAgain(LIAR, digest(1), 5, false, false), NOW))
                .isEmpty();
        assertThat(standing(NOW)).isEmpty();
    }

    @Test
    void whatIsKeptOfMembersIsBounded() {
        for (int i = 0; i < 3 * Blame.MEMBERS_MAX; i++) {
            blame.handle(new Fault.FalseLadder(new MemberId("%032x".formatted(i)), digest(1)), NOW + i);
        }
        assertThat(blame.sentences(NOW)).hasSizeLessThanOrEqualTo(Blame.MEMBERS_MAX);
    }
}
