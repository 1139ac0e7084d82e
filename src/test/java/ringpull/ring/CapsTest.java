package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import ringpull.ring.Membership.Status;
import ringpull.sim.RingSimulation;
import ringpull.sim.SimNode;

/** What a node does no more of, however much others ask of it and however much goes wrong. */
class CapsTest {
    private static RandomGenerator random(long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    private static Member member(int number) {
        MemberId id = new MemberId(String.format("%032x", 0xfff000L + number));
        return new Member(id, 1, "x" + number, List.of("10.0.0.1"), 1 + number, 1, "", "", List.of());
    }

    private static Peers peers(Time time, Outbox outbox) {
        return new Peers(member(0), new Directory(), Announce.CLUSTER, time, outbox, random(1));
    }

    private static RingSimulation settled(int size) {
        RingSimulation simulation = new RingSimulation(1);
        simulation.ring(size);
        simulation.runUntil("all know all", 20, simulation::converged);
        simulation.run(15);
        return simulation;
    }

    /** What the node answers to a question of another. */
    private static Message answer(RingSimulation simulation, SimNode asked, SimNode asker, Body question) {
        List<Message> said = new ArrayList<>();
        simulation.tap(said::add);
        Rumor sender = new Rumor(asker.member(), 1, Status.ALIVE, true);
        asked.happen(new Event.Asked(-1, new Message("ring", 2, 0, sender, List.of(), List.of(), question)));
        return said.getFirst();
    }

    @Test
    void whoIsAskedForTooMuchIsBusyForAMomentAndNamesOthers() {
        RingSimulation simulation = settled(60);
        SimNode asked = simulation.nodes().get(0);
        SimNode asker = simulation.nodes().get(1);
        Body.Compares everything = new Body.Compares(
                Body.Part.MEMBERS,
                IntStream.range(0, HashTree.GROUPS)
                        .mapToObj(group -> new Bucket(group, true, 0))
                        .toList(),
                0);
        int given = 0;
        Message answer = answer(simulation, asked, asker, everything);
        while (answer.body() instanceof Body.Listed) {
            given += answer.rumors().stream().mapToInt(Rumor::weight).sum();
            answer = answer(simulation, asked, asker, everything);
        }
        assertThat(answer.body()).isInstanceOf(Body.Busy.class);
        assertThat(given)
                .isBetween(
                        Differences.BYTES_AT_ONCE / 2,
                        Differences.BYTES_AT_ONCE + Differences.BYTES_PER_SECOND + Differences.GIVEN_BYTES);

        Body.Compare knowsFew = new Body.Compare(1, 0, 1, 1);
        Message busy = answer(simulation, asked, asker, knowsFew);
        assertThat(busy.body()).isInstanceOf(Body.Busy.class);
        assertThat(busy.rumors()).hasSize(Differences.INTRODUCTIONS);
        simulation.run(2);
        assertThat(answer(simulation, asked, asker, knowsFew).body()).isInstanceOf(Body.Compared.class);
    }

    @Test
    void aNodeThatNobodyAnswersAccusesFewAtATime() {
        Time time = new Time();
        Outbox outbox = new Outbox();
        Peers peers = peers(time, outbox);
        News news = new News(peers, time);
        Exchanges exchanges = new Exchanges("ring", time, outbox, peers, news);
        Contacts contacts = new Contacts(random(2));
        contacts.end(0);
        Prober prober = new Prober(time, peers, news, exchanges, contacts);
        int members = 200;
        for (int i = 1; i <= members; i++) {
            peers.learn(new Rumor(member(i), 0, Status.ALIVE));
        }
        int seconds = 60;
        for (int tick = 0; tick < 10 * seconds; tick++) {
            time.advance(100L * tick * Time.MILLIS);
            if (tick % 3 == 0) {
                prober.soon(peers.table().find(member(1 + tick / 3).id()));
            }
            prober.tick();
            outbox.drain();
        }
        long accused = IntStream.rangeClosed(1, members)
                .filter(i -> peers.table().status(peers.table().find(member(i).id())) == Status.SUSPECT)
                .count();
        assertThat(accused).isBetween(10L, Prober.ACCUSATIONS_AT_ONCE + (long) seconds * Prober.ACCUSATIONS_PER_SECOND);
    }

    @Test
    void theLongestDeadMakeRoomAndTheLivingDoNot() {
        Time time = new Time();
        Peers peers = peers(time, new Outbox());
        for (int i = 1; i < Limits.MEMBERS; i++) {
            peers.learn(new Rumor(member(i), 0, Status.ALIVE));
        }
        int newcomer = Limits.MEMBERS;
        assertThat(peers.learn(new Rumor(member(newcomer), 0, Status.ALIVE))).isEqualTo(Peers.Learned.NOTHING);
        for (int dead : new int[] {20, 10}) {
            peers.learn(new Claim(member(dead).id(), 1, 0, Status.DEAD, false, List.of()));
            for (int tick = 0; tick < 5; tick++) {
                time.advance(300L * tick * Time.MILLIS);
            }
        }

        assertThat(peers.learn(new Rumor(member(newcomer), 0, Status.ALIVE))).isEqualTo(Peers.Learned.NEW_MEMBER);

        assertThat(peers.table().size()).isEqualTo(Limits.MEMBERS);
        assertThat(peers.table().find(member(20).id())).as("the longest dead").isEqualTo(Directory.NONE);
        assertThat(peers.table().find(member(10).id())).isNotEqualTo(Directory.NONE);
    }

    @Test
    void aSeedThatDoesNotAnswerIsAskedLessAndLessAndByNoTwoNodesAtOnce() {
        List<Long> one = asked(1);
        List<Long> other = asked(2);
        assertThat(one).hasSizeBetween(10, 40);
        assertThat(one.get(1) - one.get(0)).isLessThan(2 * Time.SECONDS);
        assertThat(one.getLast() - one.get(one.size() - 2))
                .isBetween(Seeds.LONGEST_WAIT / 2, 3 * Seeds.LONGEST_WAIT / 2 + Time.SECONDS);
        assertThat(one.subList(1, 5)).doesNotContainAnyElementsOf(other);
    }

    /** When a node that is alone looks its seed up within ten minutes, on its own clock. */
    private static List<Long> asked(long seed) {
        Ring ring = new Ring("ring", member(1), List.of("seed"), random(seed));
        List<Long> times = new ArrayList<>();
        long step = 10 * Time.MILLIS;
        for (long now = 0; now < 600 * Time.SECONDS; now += step) {
            for (Effect effect : ring.handle(new Event.Tick(), now)) {
                if (effect instanceof Effect.Resolve(String name)) {
                    times.add(now);
                    ring.handle(new Event.Resolved(name, List.of(), "no such name"), now);
                }
            }
        }
        return times;
    }
}
