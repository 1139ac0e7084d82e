package ringpull.swarm.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ringpull.swarm.Answers.Meaning;
import ringpull.swarm.Answers.Unsaid;

class HomeAnswersTest {
    @Test
    void aHomeThatWaitsIsAskedAgain() throws InterruptedException {
        Iterator<Meaning> says =
                List.<Meaning>of(Unsaid.ASKING, Unsaid.ASKING, Unsaid.BUSY).iterator();

        assertThat(HomeAnswers.inTurns(Duration.ofHours(1), says::next)).isEqualTo(Unsaid.BUSY);
    }

    @Test
    void afterTheTimeItStillWaits() throws InterruptedException {
        assertThat(HomeAnswers.inTurns(Duration.ZERO, () -> Unsaid.ASKING)).isEqualTo(Unsaid.ASKING);
    }

    /** Or it would keep its askers busy with questions for as long as they wait. */
    @Test
    void aHomeThatSaysAtOnceThatItWaitsIsLeft() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        Iterator<Meaning> says =
                Stream.<Meaning>generate(() -> Unsaid.ASKING).limit(100).iterator();

        Meaning said = HomeAnswers.inTurns(Duration.ofHours(1), () -> {
            asked.incrementAndGet();
            return says.next();
        });

        assertThat(said).isEqualTo(Unsaid.UNKNOWN);
        assertThat(asked).hasValueLessThan(10);
    }
}
