package ringpull.transport.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What sessions a member has with others, and how a request is proven. */
class SessionsTest {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5); // the clock may wrap
    private final Sessions sessions = new Sessions(now::get, 3 * Sessions.PER_PEER_MAX);

    @Test
    void aSessionIsGoodUntilItsTimeIsOver() {
        Session session = sessions.make("peer");
        assertThat(sessions.find(session.id())).contains(session);

        now.addAndGet(Sessions.LIFETIME.toNanos() - 1);
        assertThat(sessions.find(session.id())).contains(session);

        now.addAndGet(1);
        assertThat(sessions.find(session.id())).isEmpty();
        assertThat(sessions.count()).isZero();
        assertThat(sessions.peers()).isZero();
    }

    @Test
    void noTwoAreAlike() {
        Session one = sessions.make("peer");
        Session two = sessions.make("peer");

        assertThat(one.id()).isNotEqualTo(two.id());
        assertThat(one.secret().getEncoded())
                .hasSize(32)
                .isNotEqualTo(two.secret().getEncoded());
    }

    @Test
    void aPeerThatMakesTooManyLosesItsOldestAndNobodyElses() {
        Session other = sessions.make("other");
        Session first = sessions.make("greedy");
        Session second = sessions.make("greedy");
        for (int i = 2; i <= Sessions.PER_PEER_MAX; i++) {
            sessions.make("greedy");
        }

        assertThat(sessions.find(first.id())).isEmpty();
        assertThat(sessions.find(second.id())).isPresent();
        assertThat(sessions.find(other.id())).isPresent();
        assertThat(sessions.count()).isEqualTo(1 + Sessions.PER_PEER_MAX);
    }

    @Test
    void ofAllTheOneThatWasUsedLongestAgoMakesRoom() {
        Session used = sessions.make("a");
        Session unused = sessions.make("b");
        for (int i = 2; i < 3 * Sessions.PER_PEER_MAX; i++) {
            sessions.make("peer " + i);
        }
        assertThat(sessions.find(used.id())).isPresent();

        sessions.make("one more");

        assertThat(sessions.find(unused.id())).isEmpty();
        assertThat(sessions.find(used.id())).isPresent();
        assertThat(sessions.count()).isEqualTo(3 * Sessions.PER_PEER_MAX);
        assertThat(sessions.peers()).isEqualTo(3 * Sessions.PER_PEER_MAX);
    }

    @Test
    void whenAllAreEndedNoneIsLeft() {
        Session session = sessions.make("peer");

        sessions.clear();

        assertThat(sessions.find(session.id())).isEmpty();
        assertThat(sessions.count()).isZero();
        assertThat(sessions.peers()).isZero();
    }

    @Test
    void noTextFormTellsTheSecret() {
        Session session = sessions.make("peer");

        assertThat(session + " " + session.secret())
                .doesNotContain(HexFormat.of().formatHex(session.secret().getEncoded()));
    }

    @ParameterizedTest
    @CsvSource({"15,32,1", "17,32,1", "16,31,1", "16,0,1", "16,32,0", "16,32,-1", "16,32,86400001"})
    void whatIsNoSessionIsRefused(int idBytes, int secretBytes, long millis) {
        assertThatThrownBy(() -> Session.of(new byte[idBytes], new byte[secretBytes], Duration.ofMillis(millis)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
