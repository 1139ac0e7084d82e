package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SuspicionsTest {
    private static final long SECOND = Time.SECONDS;

    @Test
    void eachIndependentAccuserShortensTheTimeToRefute() {
        long least = Suspicions.LEAST;
        assertThat(Suspicions.timeout(1, 12)).isEqualTo(least * Suspicions.MOST);
        assertThat(Suspicions.timeout(2, 12)).isBetween(3 * least, 4 * least);
        assertThat(Suspicions.timeout(3, 12)).isBetween(least, 3 * least);
        assertThat(Suspicions.timeout(4, 12)).isEqualTo(least);
        assertThat(Suspicions.timeout(9, 12)).isEqualTo(least);
    }

    @Test
    void whereNobodyElseCanConfirmTheTimeIsTheLeast() {
        assertThat(Suspicions.timeout(1, 1)).isEqualTo(Suspicions.LEAST);
        assertThat(Suspicions.timeout(1, 2)).isEqualTo(Suspicions.MOST * Suspicions.LEAST);
        assertThat(Suspicions.timeout(2, 2)).isEqualTo(Suspicions.LEAST);
    }

    @Test
    void theTimeGrowsWithTheLogarithmOfTheRing() {
        assertThat(Suspicions.timeout(4, 999)).isEqualTo(3 * Suspicions.PER_DECADE);
        assertThat(Suspicions.timeout(4, 9_999)).isEqualTo(4 * Suspicions.PER_DECADE);
    }

    @Test
    void accusersCountOnceAndOnlyTheFirstFew() {
        Suspicions suspicions = new Suspicions();
        suspicions.start(7, 0);
        assertThat(suspicions.accuse(7, 1, true)).isTrue();
        assertThat(suspicions.accuse(7, 1, true)).as("again").isFalse();
        assertThat(suspicions.accuse(7, 7, true)).as("itself").isFalse();
        assertThat(suspicions.accuse(8, 1, true)).as("no suspect").isFalse();
        for (int accuser = 2; accuser <= Limits.ACCUSERS; accuser++) {
            assertThat(suspicions.accuse(7, accuser, true)).isTrue();
        }
        assertThat(suspicions.accuse(7, 99, true)).as("one too many").isFalse();
        assertThat(suspicions.accusers(7)).containsExactly(1, 2, 3, 4);
    }

    @Test
    void suspectsExpireEachAtItsTimeAndNotOnceTheyHaveRefuted() {
        Suspicions suspicions = new Suspicions();
        for (int subject = 0; subject < 20; subject++) {
            suspicions.start(subject, subject * SECOND);
            for (int accuser = 100; accuser < 104; accuser++) {
                suspicions.accuse(subject, accuser, true);
            }
        }
        suspicions.end(5);
        suspicions.end(5);
        assertThat(suspicions.expired(Suspicions.LEAST - 1, 10)).isEmpty();
        assertThat(suspicions.expired(Suspicions.LEAST, 10)).containsExactly(0);
        suspicions.end(0);
        assertThat(suspicions.expired(Suspicions.LEAST + 6 * SECOND, 10)).containsExactlyInAnyOrder(1, 2, 3, 4, 6);
        for (int subject = 0; subject < 20; subject++) {
            suspicions.end(subject);
        }
        assertThat(suspicions.wakeAt()).isEqualTo(Time.NEVER);
        assertThat(suspicions.expired(Time.NEVER, 10)).isEmpty();
    }

    @Test
    void accusersThatAreNotBelievedShortenNothing() {
        Suspicions suspicions = new Suspicions();
        suspicions.start(7, 0);
        for (int accuser = 1; accuser <= 4; accuser++) {
            suspicions.accuse(7, accuser, false);
        }
        assertThat(suspicions.expired(Suspicions.LEAST * Suspicions.MOST - 1, 10))
                .isEmpty();
        assertThat(suspicions.expired(Suspicions.LEAST * Suspicions.MOST, 10)).containsExactly(7);
    }

    @Test
    void whoAccusesManyOrIsRefutedIsNotBelievedForAWhile() {
        Trust trust = new Trust();
        for (int i = 0; i < 5; i++) {
            assertThat(trust.believes(3)).isTrue();
            trust.accused(3, 0);
            trust.refuted(3, 0);
        }
        assertThat(trust.believes(3)).isFalse();
        assertThat(trust.believes(4)).isTrue();
        trust.tick(9 * SECOND);
        assertThat(trust.believes(3)).isFalse();
        trust.tick(10 * SECOND);
        assertThat(trust.believes(3)).isTrue();
        for (long at = 20; at <= 60; at += 10) {
            trust.tick(at * SECOND);
        }
        assertThat(trust.wakeAt()).isEqualTo(Time.NEVER);
    }

    @Test
    void localHealthStretchesTimesWithinBounds() {
        LocalHealth health = new LocalHealth();
        health.better();
        assertThat(health.stretch(SECOND)).isEqualTo(SECOND);
        health.worse(3);
        assertThat(health.stretch(SECOND)).isEqualTo(4 * SECOND);
        health.worse(100);
        assertThat(health.score()).isEqualTo(LocalHealth.WORST);
        health.better();
        assertThat(health.score()).isEqualTo(LocalHealth.WORST - 1);
    }
}
