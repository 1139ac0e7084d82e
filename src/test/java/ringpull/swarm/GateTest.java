package ringpull.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.swarm.TestRing.SECONDS;
import static ringpull.swarm.TestRing.digest;
import static ringpull.swarm.TestRing.member;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** A registry's home, told event by event: so many streams for the whole ring, and one pause. */
class GateTest {
    private static final String REGISTRY = "registry.test:5000";

    private final TestRing ring = new TestRing(2);
    private final Map<Digest, Message.Allow> allowed = new HashMap<>();

    private List<Effect> needs(int blob, int streams, long pauseNanos, int hops) {
        MemberId home = member(blob);
        List<Effect> effects =
                ring.hears(home, new Message.Need(REGISTRY, digest(blob), streams, pauseNanos, hops, home));
        learn(effects);
        return effects;
    }

    private void learn(List<Effect> effects) {
        for (Effect effect : effects) {
            if (effect instanceof Effect.Send(MemberId to, Message.Allow allow)) {
                assertThat(digest(Integer.parseInt(to.hex().substring(0, 8), 16)))
                        .isEqualTo(allow.digest());
                allowed.put(allow.digest(), allow);
            }
        }
    }

    private Message.Allow allowed(int blob) {
        return Objects.requireNonNull(allowed.get(digest(blob)));
    }

    private int all() {
        return allowed.values().stream().mapToInt(Message.Allow::streams).sum();
    }

    @ParameterizedTest
    @CsvSource({"1, 16", "2, 32", "4, 64", "5, 64", "63, 64", "64, 64", "500, 64"})
    void theBlobsOfARegistryShareSixtyFourStreams(int blobs, int streams) {
        for (int blob = 0; blob < blobs; blob++) {
            needs(blob, 1_000, 0, 0);
            assertThat(all()).as("never more, not even for a moment").isLessThanOrEqualTo(SwarmLimits.REGISTRY_STREAMS);
        }

        assertThat(all()).isEqualTo(streams);
        if (blobs <= SwarmLimits.REGISTRY_STREAMS) {
            assertThat(allowed.values()).allMatch(allow -> allow.streams() > 0);
        }
    }

    @Test
    void whatABlobNeedsNoMoreGoesToTheOthers() {
        for (int blob = 0; blob < 8; blob++) {
            needs(blob, 16, 0, 0);
        }
        assertThat(allowed(7).streams()).isEqualTo(8);

        for (int blob = 0; blob < 4; blob++) {
            needs(blob, 0, 0, 0);
        }

        assertThat(allowed(7).streams()).isEqualTo(16);
    }

    @Test
    void aBlobsHomeThatIsSilentLosesItsShare() {
        for (int blob = 0; blob < 8; blob++) {
            needs(blob, 16, 0, 0);
        }
        learn(ring.passes(4 * SECONDS));
        for (int blob = 4; blob < 8; blob++) {
            needs(blob, 16, 0, 0);
        }
        assertThat(allowed(7).streams()).isEqualTo(8);

        learn(ring.passes(2 * SECONDS));

        assertThat(allowed(7).streams()).isEqualTo(16);
    }

    @Test
    void onePauseIsToldToAll() {
        for (int blob = 0; blob < 8; blob++) {
            needs(blob, 16, 0, 0);
        }

        needs(3, 16, 20 * SECONDS, 0);

        assertThat(allowed).hasSize(8);
        assertThat(allowed.values()).allMatch(allow -> allow.pauseNanos() == 20 * SECONDS);
        learn(ring.passes(4 * SECONDS));
        needs(5, 16, SECONDS, 0);
        assertThat(allowed(5).pauseNanos()).as("a shorter one changes nothing").isEqualTo(16 * SECONDS);
    }

    @Test
    void noPauseIsLongerThanAMinute() {
        needs(1, 16, 3_600 * SECONDS, 0);

        assertThat(allowed(1).pauseNanos()).isEqualTo(SwarmLimits.PAUSE_MOST);
    }

    @Test
    void whoIsNotTheRegistrysHomePassesItOnAFewTimes() {
        ring.order(Gate.digest(REGISTRY), member(77), ring.self);

        assertThat(TestRing.told(needs(1, 16, 0, 0), Message.Need.class)).containsExactly(member(77));
        assertThat(needs(1, 16, 0, SwarmLimits.HOPS)).isEmpty();
        assertThat(allowed).isEmpty();
    }
}
