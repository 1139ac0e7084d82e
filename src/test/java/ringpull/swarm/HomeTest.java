package ringpull.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** A home, told event by event. */
class HomeTest {
    private static final int PULLERS = 60;
    private static final int DEAD = 20;

    private final Random random = new Random(1);
    private final Digest digest = Digest.parse("sha256:" + "ab".repeat(32));
    private final MemberId self = MemberId.random(random);
    private final Swarm swarm = new Swarm(
            self,
            new Ranking() {
                @Override
                public List<MemberId> order(Digest of, String rack, int limit) {
                    return List.of(self);
                }

                @Override
                public String rackOf(MemberId member) {
                    return "";
                }
            },
            random);
    private final List<MemberId> pullers = new ArrayList<>();

    private Message.Report report(int puller) {
        return new Message.Report(
                digest,
                "",
                pullers.get(puller),
                "",
                0,
                1,
                "",
                (long) PULLERS * Chunk.SIZE_BYTES,
                1,
                List.of(new Run(puller, puller + 1)),
                List.of(),
                List.of(),
                0,
                0,
                false,
                Message.Trouble.NONE,
                0,
                List.of(pullers.get(puller)),
                List.of());
    }

    private static List<Message.Grant> grants(List<Effect> effects) {
        return effects.stream()
                .filter(effect -> effect instanceof Effect.Send(MemberId to, Message.Grant grant))
                .map(effect -> (Message.Grant) ((Effect.Send) effect).message())
                .toList();
    }

    @Test
    void whoIsLeftIsAskedOnceForAllThatDiedTogether() {
        for (int i = 0; i < PULLERS; i++) {
            pullers.add(MemberId.random(random));
            swarm.handle(new Event.Received(pullers.get(i), report(i)), 1);
        }

        List<Effect> effects = new ArrayList<>();
        for (int i = 0; i < DEAD; i++) {
            effects.addAll(swarm.handle(new Event.Down(pullers.get(i)), 2));
        }
        effects.addAll(swarm.handle(new Event.Tick(), 3));

        assertThat(grants(effects)).hasSize(PULLERS - DEAD);
        assertThat(grants(effects))
                .allSatisfy(grant -> assertThat(grant.asked())
                        .as("chunks that only the dead had")
                        .containsExactly(new Run(0, DEAD)));
        assertThat(grants(swarm.handle(new Event.Tick(), 4))).isEmpty();
    }
}
