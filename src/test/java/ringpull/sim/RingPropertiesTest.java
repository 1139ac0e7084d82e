package ringpull.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The ring that ships, with a plan of faults for each seed. {@code RINGPULL_TEST_SCALE} multiplies the seeds,
 * {@code -Dringpull.seed=17} runs that one alone.
 */
class RingPropertiesTest {
    private static final int SEEDS = 200;

    /** One in so many runs twice. */
    private static final int TWICE = 10;

    private static final int FAILURES_SHOWN = 5;

    @Test
    void thePropertiesHoldWhateverGoesWrong() {
        List<String> failures = new ArrayList<>();
        for (long seed : PropertyRun.seeds(SEEDS)) {
            try {
                PropertyRun.of(seed);
            } catch (AssertionError e) {
                failures.add(e.getMessage());
            }
        }
        assertThat(failures.stream().limit(FAILURES_SHOWN))
                .as(failures.size() + " seeds failed")
                .isEmpty();
    }

    @Test
    void theSameSeedGivesTheSameTrace() {
        List<Long> traces = new ArrayList<>();
        for (long seed : PropertyRun.seeds(SEEDS)) {
            if (seed % TWICE == 1) {
                traces.add(PropertyRun.twice(FaultPlan.draw(seed), () -> Tamper.NONE));
            }
        }
        assertThat(traces).doesNotHaveDuplicates();
    }
}
