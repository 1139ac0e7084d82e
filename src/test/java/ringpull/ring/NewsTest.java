package ringpull.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import ringpull.ring.Membership.Status;

/** What goes first of what a node has to say, how often, and how much of it. */
class NewsTest {
    private static final int COPIES = 5;

    private final Time time = new Time();
    private final Peers peers = new Peers(
            member(0),
            new Directory(),
            Announce.CLUSTER,
            time,
            new Outbox(),
            RandomGeneratorFactory.of("L64X128MixRandom").create(1));
    private final News news = new News(peers, time);
    private long clock;

    private static Member member(int number) {
        MemberId id = new MemberId(String.format("%032x", 0xfff000L + number));
        return new Member(id, 1, "x" + number, List.of("10.0.0.1"), 1 + number, 1, "", "", List.of());
    }

    private int known(int number) {
        peers.learn(new Rumor(member(number), 0, Status.ALIVE));
        return peers.table().find(member(number).id());
    }

    private int changes(int number, long incarnation, Status status) {
        int ordinal = known(number);
        List<MemberId> accusers = status == Status.SUSPECT ? List.of(member(0).id()) : List.of();
        peers.learn(new Claim(member(number).id(), 1, incarnation, status, false, accusers));
        news.changed(ordinal, status == Status.ALIVE);
        return ordinal;
    }

    private void pass(long nanos) {
        for (long end = clock + nanos; clock < end; clock += 100 * Time.MILLIS) {
            time.advance(clock);
        }
    }

    private Bundle tell() {
        return news.tell(member(999));
    }

    private static List<MemberId> ids(int... numbers) {
        List<MemberId> ids = new ArrayList<>();
        for (int number : numbers) {
            ids.add(member(number).id());
        }
        return ids;
    }

    @Test
    void refutationsGoBeforeDeathsSuspicionsJoinsAndInventories() {
        int holder = known(5);
        peers.table().inventory(holder).hold(peers.index(), holder, 77, 7);
        news.inventory(holder, 0);
        news.joined(known(4));
        changes(3, 0, Status.SUSPECT);
        changes(2, 0, Status.DEAD);
        changes(1, 1, Status.ALIVE);

        Bundle bundle = tell();

        assertThat(bundle.claims()).extracting(Claim::id).containsExactlyElementsOf(ids(1, 2, 3));
        assertThat(bundle.rumors()).extracting(Rumor::id).containsExactlyElementsOf(ids(4));
        assertThat(bundle.deltas()).extracting(Delta::member).containsExactlyElementsOf(ids(5));
    }

    @Test
    void whatIsLessUrgentWaitsWhereThereIsNoRoom() {
        news.joined(known(4));
        for (int i = 100; i < 300; i++) {
            changes(i, 0, Status.SUSPECT);
        }
        changes(2, 0, Status.LEFT);
        changes(1, 1, Status.ALIVE);

        Bundle bundle = tell();

        assertThat(bundle.used()).isLessThanOrEqualTo(News.MESSAGE_BYTES);
        assertThat(bundle.truncated()).isTrue();
        assertThat(bundle.claims().subList(0, 2)).extracting(Claim::id).containsExactlyElementsOf(ids(1, 2));
        assertThat(bundle.claims()).hasSizeGreaterThan(20);
        assertThat(bundle.rumors()).isEmpty();
    }

    @Test
    void ofAMemberOnlyTheNewestStateIsTold() {
        changes(1, 0, Status.SUSPECT);
        changes(1, 1, Status.ALIVE);
        changes(1, 1, Status.SUSPECT);

        assertThat(tell().claims()).singleElement().satisfies(claim -> {
            assertThat(claim.incarnation()).isEqualTo(1);
            assertThat(claim.status()).isEqualTo(Status.SUSPECT);
        });
    }

    @Test
    void eachIsToldAFewTimesAndWhatWasToldLeastFirst() {
        changes(1, 0, Status.DEAD);
        tell();
        changes(2, 0, Status.DEAD);
        assertThat(tell().claims()).extracting(Claim::id).containsExactlyElementsOf(ids(2, 1));
        int times = 2;
        for (int i = 0; i < 20; i++) {
            times += tell().claims().stream()
                            .anyMatch(claim -> claim.id().equals(member(1).id()))
                    ? 1
                    : 0;
        }
        assertThat(times).isEqualTo(COPIES);
        assertThat(news.isEmpty()).isTrue();
    }

    @Test
    void aSecondHasItsBytesHoweverMuchThereIsToTell() {
        for (int i = 1; i <= 4_000; i++) {
            changes(i, 0, Status.SUSPECT);
        }
        int seconds = 10;
        long bytes = 0;
        for (int tick = 0; tick < 10 * seconds; tick++) {
            for (int message = 0; message < 20; message++) {
                bytes += tell().used();
            }
            pass(100 * Time.MILLIS);
        }
        assertThat(bytes)
                .isLessThanOrEqualTo(News.BYTES_AT_ONCE + seconds * News.BYTES_PER_SECOND)
                .isGreaterThan(seconds * News.BYTES_PER_SECOND / 2);
    }
}
