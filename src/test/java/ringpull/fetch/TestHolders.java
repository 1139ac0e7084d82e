package ringpull.fetch;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.ring.Holders;
import ringpull.ring.LadderWord;
import ringpull.ring.Ladders;
import ringpull.ring.Member;
import ringpull.ring.MemberId;

/** What members announced, as the test says it. */
public final class TestHolders implements Holders {
    private static final int DATA_PORT = 7747;

    private final List<Announced> announced = new ArrayList<>();
    private final Set<MemberId> disowned = new HashSet<>();

    private record Announced(Digest blob, Holder holder) {}

    /** In place of what the member announced of this blob before. */
    public synchronized void announce(Digest blob, Member member, long sizeBytes) {
        forget(blob, member.id());
        announced.add(new Announced(blob, new Holder(member, sizeBytes)));
    }

    private void forget(Digest blob, MemberId member) {
        announced.removeIf(
                known -> known.blob.equals(blob) && known.holder.member().id().equals(member));
    }

    @Override
    public synchronized List<Holder> holders(Digest wanted) {
        return announced.stream()
                .filter(known -> known.blob.equals(wanted))
                .map(Announced::holder)
                .toList();
    }

    @Override
    public synchronized void disown(MemberId member, Digest blob) {
        forget(blob, member);
        disowned.add(member);
    }

    synchronized Set<MemberId> disowned() {
        return Set.copyOf(disowned);
    }

    /** The address at which the member of this number serves. */
    public static InetSocketAddress address(int number) {
        return new InetSocketAddress("127.0.0." + number, DATA_PORT);
    }

    /** @param number from 1 to 254 */
    public static Member member(int number) {
        String id = "%032x".formatted(number);
        String host = "127.0.0." + number;
        return new Member(
                new MemberId(id), 1, "node-" + number, List.of(host), 7746, DATA_PORT, "", "", List.of("memory"));
    }

    /** A ladder with this member's word for it; nobody looks at the signature. */
    static Ladders.Told signed(Member member, Ladder ladder) {
        int rungs = Ladder.rungCount(ladder.sizeBytes());
        Digest hash = ladder.hash(0, rungs).orElseThrow();
        return new Ladders.Told(
                ladder,
                List.of(new LadderWord(member.id(), member.epoch(), 0, rungs, hash, "certificates", "signature")));
    }
}
