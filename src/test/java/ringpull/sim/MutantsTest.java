package ringpull.sim;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringpull.ring.Effect;

/** Each of the ring's properties can fail: a ring that is broken in one way fails the one that is about it. */
class MutantsTest {
    private static final int SIZE = 9;

    /** What goes wrong must give the mutant the occasion to be wrong. */
    private static FaultPlan plan(Mutant mutant) {
        return switch (mutant) {
            case NOBODY_CONFIRMS -> mild(new Fault.Crash(2, 10_000, 4, true, 1));
            case NOBODY_REFUTES ->
                mild(IntStream.range(1, SIZE)
                        .mapToObj(node -> new Fault.Pause(3 * node, Fault.Pause.MILD, node))
                        .toArray(Fault[]::new));
            case HOLDERS_ARE_NOT_FOUND -> mild(new Fault.Islands(1, 30, List.of(0, 0, 0, 0, 0, 1, 1, 1, 1)));
            case OLD_LIVES_RETURN -> mild(new Fault.Leave(2, 5, 4));
            case RINGS_MIX -> new FaultPlan(1, SIZE, true, true, 2, List.of());
            case NEWS_OF_BLOBS_ARE_LOST, GHOSTS, EVERYBODY_IS_HOME, SENDS_WITHOUT_END, SEED_IS_MUTE -> mild();
        };
    }

    private static FaultPlan mild(Fault... faults) {
        return new FaultPlan(1, SIZE, true, false, 2, List.of(faults));
    }

    @ParameterizedTest
    @EnumSource
    void aBrokenRingIsFoundOut(Mutant mutant) {
        FaultPlan plan = plan(mutant);
        assertThatCode(() -> new PropertyRun(plan).run())
                .as("the ring that ships")
                .doesNotThrowAnyException();

        assertThatThrownBy(() -> new PropertyRun(plan, mutant).run())
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining(mutant.failure());
    }

    @Test
    void aRingThatRollsDiceOfItsOwnIsFoundOut() {
        int[] calls = {0};
        Tamper dice = new Tamper() {
            @Override
            public List<Effect> done(SimNode node, List<Effect> effects) {
                return ++calls[0] % 1_009 == 0 ? List.of() : effects;
            }
        };
        assertThatCode(() -> PropertyRun.twice(mild(), () -> Tamper.NONE)).doesNotThrowAnyException();

        assertThatThrownBy(() -> PropertyRun.twice(mild(), () -> dice))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("determinism:");
    }
}
