package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import ringpull.ring.Membership.Status;
import ringpull.sim.RingSimulation;
import ringpull.sim.SimNode;

/** Many that die at once are told of in eight bytes each, and helpers' calls in vain count. */
class ManyDeathsTest {
    private static final long SECOND = Time.SECONDS;

    private static Message said(SimNode by, Hashes deaths) {
        return new Message(
                "ring", Message.PROTOCOL, 0, rumor(by), 0, List.of(), List.of(), deaths, List.of(), new Body.Ping());
    }

    private static Rumor rumor(SimNode node) {
        return new Rumor(node.member(), 0, Status.ALIVE);
    }

    private static Member member(int number) {
        MemberId id = new MemberId(String.format("%032x", 0xfff000L + number));
        return new Member(id, 1, "x" + number, List.of("10.0.0.1"), 1 + number, 1, "", "", List.of());
    }

    private static Peers peers() {
        return new Peers(
                member(0),
                new Directory(),
                Announce.CLUSTER,
                new Time(),
                new Outbox(),
                RandomGeneratorFactory.of("L64X128MixRandom").create(1));
    }

    /** What another node would say of a death of the member in that state. */
    private static long death(SimNode of, long incarnation, boolean eligible) {
        Peers peers = peers();
        peers.learn(new Rumor(of.member(), incarnation, Status.ALIVE, eligible));
        return peers.digests().death(peers.table().find(of.member().id()));
    }

    private static RingSimulation settled(int size) {
        RingSimulation simulation = new RingSimulation(1);
        simulation.ring(size);
        simulation.runUntil("all know all", 20, simulation::converged);
        simulation.runUntil(
                "all are eligible", 30, () -> simulation.nodes().stream().allMatch(SimNode::isEligible));
        simulation.run(5);
        return simulation;
    }

    @Test
    void aDeathSaidInEightBytesIsOneOfTheStateThatWasMeant() {
        RingSimulation simulation = settled(5);
        SimNode teller = simulation.nodes().get(0);
        SimNode hearer = simulation.nodes().get(1);
        SimNode subject = simulation.nodes().get(2);
        hearer.happen(new Event.Asked(-1, said(teller, Hashes.of(death(subject, 0, false), 7, -1, 0))));
        assertThat(hearer.statusOf(subject)).as("an older state").isEqualTo(Status.ALIVE);
        hearer.happen(new Event.Asked(-2, said(teller, Hashes.of(death(subject, 1, true)))));
        assertThat(hearer.statusOf(subject)).isEqualTo(Status.DEAD);
        simulation.runUntil("it refutes", 10, simulation::converged);
    }

    @Test
    void whoHearsOfItsOwnDeathRefutes() {
        RingSimulation simulation = settled(5);
        SimNode subject = simulation.nodes().get(2);
        List<Message> answers = new ArrayList<>();
        simulation.tap(answers::add);
        subject.happen(new Event.Asked(-1, said(simulation.nodes().get(0), Hashes.of(death(subject, 1, true)))));
        assertThat(answers)
                .anyMatch(
                        message -> message.sender().id().equals(subject.member().id())
                                && message.sender().incarnation() == 2);
    }

    @Test
    void manyDeathsAreToldInEightBytesEachAndAFewWithTheMembersId() {
        Peers peers = peers();
        News news = new News(peers, new Time());
        for (int i = 1; i <= 200; i++) {
            peers.learn(new Rumor(member(i), 0, Status.ALIVE));
        }
        dies(peers, news, 1, 3);
        Bundle few = news.tell(member(199));
        assertThat(few.claims()).hasSize(3);
        assertThat(few.deaths()).isEqualTo(Hashes.NONE);
        dies(peers, news, 4, 180);
        Bundle many = news.tell(member(199));
        assertThat(many.claims()).isEmpty();
        assertThat(many.deaths().size()).isEqualTo(180);
    }

    private static void dies(Peers peers, News news, int first, int last) {
        for (int i = first; i <= last; i++) {
            peers.learn(new Claim(member(i).id(), 1, 0, Status.DEAD, false, List.of()));
            news.changed(peers.table().find(member(i).id()), false);
        }
    }

    @Test
    void whoDiedWithManyAtOnceIsSoonKnownToAll() {
        RingSimulation simulation = settled(250);
        for (int i = 0; i < 100; i++) {
            simulation.nodes().get(2 * i).vanish();
        }
        double seconds = simulation.runUntil("all know who died", 60, simulation.views()::allRight);
        assertThat(seconds).isLessThan(20);
        assertThat(simulation.views().falseDeaths()).isZero();
    }

    @Test
    void callsInVainShortenASuspicionOnlyWhereManyAreSuspected() {
        Suspicions suspicions = new Suspicions();
        suspicions.start(0, 0);
        suspicions.accuse(0, 900, true);
        suspicions.calledInVain(0, 3);
        suspicions.calledInVain(1, 3);
        assertThat(suspicions.expired(Suspicions.LEAST, 10)).isEmpty();
        for (int subject = 1; subject <= Suspicions.MANY; subject++) {
            suspicions.start(subject, 0);
            suspicions.accuse(subject, 900, true);
        }
        assertThat(suspicions.expired(Suspicions.LEAST + SECOND, 10)).containsExactly(0);
        assertThat(suspicions.expired(Suspicions.LEAST + 2 * SECOND, 10 + Suspicions.MANY * Suspicions.SHARE))
                .as("not so many in a larger ring")
                .isEmpty();
    }
}
