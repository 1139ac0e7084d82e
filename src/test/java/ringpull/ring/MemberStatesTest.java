package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import ringpull.ring.Membership.Status;

class MemberStatesTest {
    private static final int MEMBERS = 200;

    private final Peers here = peers(0);
    private final Peers there = peers(1);

    private static Peers peers(int self) {
        Peers peers = new Peers(
                member(self),
                new Directory(),
                Announce.CLUSTER,
                new Time(),
                new Outbox(),
                RandomGeneratorFactory.of("L64X128MixRandom").create(self));
        // In opposite orders, so that their numbers and chains differ.
        for (int i = 0; i < MEMBERS; i++) {
            int other = self == 0 ? i : MEMBERS - 1 - i;
            if (other != self) {
                peers.learn(new Rumor(member(other), 0, Status.ALIVE));
            }
        }
        return peers;
    }

    private static Member member(int index) {
        MemberId id = new MemberId(String.format("%032x", 0xabc000L + index));
        return new Member(id, 1_000, "node" + index, List.of("10.0.0.1"), 1 + index, 7747, "", "", List.of("tcp"));
    }

    private static void becomes(Peers peers, int index, long incarnation, boolean eligible) {
        peers.learn(new Claim(member(index).id(), 1_000, incarnation, Status.ALIVE, eligible, List.of()));
    }

    private static List<Listing> all(Peers peers) {
        MemberStates states = new MemberStates(peers);
        return IntStream.range(0, HashTree.GROUPS)
                .mapToObj(group -> states.list(new Bucket(group, true, 0)))
                .toList();
    }

    @Test
    void whoKnowsTheSameMembersLearnsTheirStatesAndGivesTheNewerOnes() {
        for (int i = 10; i < 100; i++) {
            becomes(there, i, i, i % 2 == 0);
        }
        becomes(here, 150, 3, true);
        assertThat(here.digests().identities()).isEqualTo(there.digests().identities());
        assertThat(here.digests().members().root())
                .isNotEqualTo(there.digests().members().root());

        Bundle bundle = new Bundle(MemberStates.GIVEN_BYTES);
        new MemberStates(here).learn(all(there), bundle);
        assertThat(bundle.claims())
                .extracting(Claim::id)
                .containsExactly(member(150).id());
        bundle.claims().forEach(there::learn);
        assertThat(here.digests().members().root())
                .isEqualTo(there.digests().members().root());
    }

    @Test
    void statesOfOtherMembersAreNotTakenForThese() {
        there.learn(new Rumor(member(MEMBERS), 0, Status.ALIVE));
        for (int i = 10; i < 100; i++) {
            becomes(there, i, 5, true);
        }
        assertThat(here.digests().identities()).isNotEqualTo(there.digests().identities());
        new MemberStates(here).learn(all(there), new Bundle(MemberStates.GIVEN_BYTES));
        int group = HashTree.bucket(Fingerprint.of(member(MEMBERS).id())) / HashTree.BUCKETS_IN_GROUP;
        for (int member : here.table().of(group, true)) {
            assertThat(here.table().incarnation(member)).isZero();
        }
    }

    @Test
    void whatIsNoStateHarmsNobody() {
        long before = here.digests().members().root();
        List<Listing> wild = all(here).stream()
                .map(listing -> new Listing(
                        listing.number(),
                        true,
                        Listing.Form.STATES,
                        Hashes.of(filled(listing.counted().size(), Long.MIN_VALUE)),
                        Hashes.NONE))
                .toList();
        new MemberStates(here).learn(wild, new Bundle(MemberStates.GIVEN_BYTES));
        assertThat(here.digests().members().root()).isEqualTo(before);
    }

    private static long[] filled(int size, long value) {
        long[] all = new long[size];
        Arrays.fill(all, value);
        return all;
    }
}
