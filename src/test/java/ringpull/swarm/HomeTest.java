package ringpull.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.swarm.TestRing.MILLIS;
import static ringpull.swarm.TestRing.SECONDS;
import static ringpull.swarm.TestRing.digest;
import static ringpull.swarm.TestRing.member;
import static ringpull.swarm.TestRing.said;
import static ringpull.swarm.TestRing.told;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** A home, told event by event. */
class HomeTest {
    private static final int PULLERS = 60;
    private static final int DEAD = 20;
    private static final int CHUNKS = 640;
    private static final String REGISTRY = "registry.test";
    private static final String SOURCE = REGISTRY + "/team/model";
    private static final MemberId FIRST = member(1_000);
    private static final MemberId GATE = member(2_000);

    private final TestRing ring = new TestRing(1);
    private final Digest digest = digest(1);

    private TestReport of(int puller) {
        return TestReport.of(digest, member(puller)).chunks(CHUNKS);
    }

    private List<Effect> hears(int puller, TestReport report) {
        return ring.hears(member(puller), report.build());
    }

    private static List<Lease> leased(List<Effect> effects) {
        return said(effects, Message.Grant.class).stream()
                .flatMap(grant -> grant.leases().stream())
                .toList();
    }

    @Test
    void whoIsLeftIsAskedOnceForAllThatDiedTogether() {
        for (int i = 0; i < PULLERS; i++) {
            hears(i, of(i).have(new Run(i, i + 1)));
        }

        List<Effect> effects = new ArrayList<>();
        for (int i = 0; i < DEAD; i++) {
            effects.addAll(ring.happens(new Event.Down(member(i))));
        }
        effects.addAll(ring.happens(new Event.Tick()));

        assertThat(said(effects, Message.Grant.class)).hasSize(PULLERS - DEAD);
        assertThat(said(effects, Message.Grant.class))
                .allSatisfy(grant -> assertThat(grant.asked())
                        .as("chunks that only the dead had")
                        .containsExactly(new Run(0, DEAD)));
        assertThat(said(ring.happens(new Event.Tick()), Message.Grant.class)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, SwarmLimits.HOPS - 1, SwarmLimits.HOPS})
    void whoIsNotFirstPassesAReportOnAFewTimes(int hops) {
        ring.order(FIRST, ring.self);

        List<Effect> effects = hears(7, of(7).hops(hops));

        assertThat(told(effects, Message.Grant.class)).isEmpty();
        if (hops < SwarmLimits.HOPS) {
            assertThat(told(effects, Message.Report.class)).containsExactly(FIRST);
            assertThat(said(effects, Message.Report.class).getFirst().hops()).isEqualTo(hops + 1);
        } else {
            assertThat(effects).isEmpty();
        }
    }

    @Test
    void theNextInRankTakesOverWhenItsOwnProbesHaveFailed() {
        ring.order(FIRST, ring.self, member(3), member(4), member(5));

        List<Effect> effects = hears(7, of(7).silent(FIRST));

        assertThat(told(effects, Message.Probe.class))
                .as("asked directly and through two others")
                .containsExactly(FIRST, member(3), member(4));
        effects = ring.passes(SwarmLimits.PROBE - 40 * MILLIS);
        assertThat(effects).isEmpty();

        assertThat(told(ring.passes(100 * MILLIS), Message.Grant.class)).containsOnly(member(7));
        assertThat(told(hears(8, of(8)), Message.Grant.class)).as("for a while").contains(member(8));

        ring.passes(SwarmLimits.TAKEN_OVER);

        assertThat(told(hears(9, of(9)), Message.Report.class)).containsExactly(FIRST);
    }

    @Test
    void aHomeThatAnswersAnyProbeStaysTheHome() {
        ring.order(FIRST, ring.self, member(3), member(4));
        List<Message.Probe> probes = said(hears(7, of(7).silent(FIRST)), Message.Probe.class);

        List<Effect> effects = ring.hears(
                member(3), new Message.Alive(FIRST, ring.self, probes.getFirst().nonce()));

        assertThat(told(effects, Message.Report.class)).containsExactly(FIRST);
        assertThat(told(ring.passes(2 * SwarmLimits.PROBE), Message.Grant.class))
                .isEmpty();
    }

    private List<Lease> leaseToMany(int streams) {
        ring.order(Gate.digest(REGISTRY), GATE);
        List<Effect> effects = new ArrayList<>();
        for (int i = 0; i < PULLERS; i++) {
            effects.addAll(hears(i, of(i).wants(SOURCE, 4)));
        }
        assertThat(leased(effects).stream().distinct())
                .as("until the registry's home answers")
                .hasSize(1);
        assertThat(told(ring.passes(40 * MILLIS), Message.Need.class)).containsExactly(GATE);

        List<Effect> then = ring.hears(GATE, new Message.Allow(REGISTRY, digest, streams, 0));
        return Stream.concat(leased(effects).stream(), leased(then).stream())
                .distinct()
                .toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, SwarmLimits.BLOB_STREAMS, 1_000})
    void asManyRunsAreLeasedAsTheRegistrysHomeAllowsAndNeverMoreThanSixteen(int streams) {
        List<Lease> leases = leaseToMany(streams);

        assertThat(leases).hasSize(Math.min(streams, SwarmLimits.BLOB_STREAMS));
        ChunkBits leased = new ChunkBits(CHUNKS);
        for (Lease lease : leases) {
            assertThat(leased.setAll(new Run(lease.first(), lease.end())))
                    .as("no chunk is leased twice")
                    .isEqualTo(lease.end() - lease.first());
        }
    }

    @Test
    void theLeasesOfTheDeadAreGrantedAgain() {
        leaseToMany(1);

        List<Effect> effects = ring.happens(new Event.Down(member(0)));
        effects = Stream.concat(effects.stream(), ring.passes(40 * MILLIS).stream())
                .toList();

        assertThat(leased(effects)).anyMatch(lease -> lease.first() == 0);
    }

    @Test
    void aLeaseThatStandsStillIsGrantedAgain() {
        Lease lease = leaseToMany(1).getFirst();
        List<Effect> effects = new ArrayList<>();
        long still = 0;
        for (; still < SwarmLimits.LEASE_STILL - SwarmLimits.REPORT_LEAST; still += SwarmLimits.REPORT_LEAST) {
            Lease told = new Lease(lease.id(), lease.kind(), lease.first(), lease.first(), lease.end(), still);
            hears(0, of(0).nonce(2 + still).wants(SOURCE, 4).holds(List.of(told)));
            effects.addAll(hears(1, of(1).nonce(2 + still).wants(SOURCE, 4)));
            effects.addAll(ring.passes(SwarmLimits.REPORT_LEAST));
        }
        assertThat(leased(effects)).isEmpty();

        List<Lease> again = leased(ring.passes(SECONDS));

        assertThat(again).isNotEmpty().allMatch(other -> other.id() != lease.id() && other.first() == lease.first());
    }

    @Test
    void whatTheOriginTellsOnePullerHoldsForAll() {
        leaseToMany(4);

        hears(0, of(0).nonce(2).wants(SOURCE, 4).busy(30 * SECONDS));
        List<Message.Need> needs = said(ring.passes(40 * MILLIS), Message.Need.class);

        assertThat(needs).hasSize(1);
        assertThat(needs.getFirst().pauseNanos()).isBetween(29 * SECONDS, 30 * SECONDS);
        for (int i = 0; i < PULLERS; i++) {
            ring.happens(new Event.Down(member(i))); // with their leases
        }
        ring.passes(28 * SECONDS);
        assertThat(leased(hears(99, of(99).wants(SOURCE, 4)))).isEmpty();
        ring.passes(2 * SECONDS);
        assertThat(leased(hears(99, of(99).nonce(2).wants(SOURCE, 4)))).isNotEmpty();
    }
}
