package ringpull.ring;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Dials back: who joins through a member asks it to dial both of its ports, and again from time to time until that works.
 */
final class Checks {
    /** Time between checks while the last one failed. */
    static final long INTERVAL = 30 * Time.SECONDS;

    /** Members that this node dials back at once. */
    static final int DIALS = 16;

    private static final long TIMEOUT = 10 * Time.SECONDS;

    private final Map<Long, Dial> dials = new HashMap<>();
    private final Time time;
    private final Outbox outbox;
    private final Peers peers;
    private final Exchanges exchanges;
    private List<Address> checker = List.of();
    private long due = Time.NEVER;
    private String problem = "";
    private long lastDial;

    Checks(Time time, Outbox outbox, Peers peers, Exchanges exchanges) {
        this.time = time;
        this.outbox = outbox;
        this.peers = peers;
        this.exchanges = exchanges;
    }

    private record Dial(long exchange, Rumor asker, long until) {}

    /** This node's own: why others cannot dial it, or empty. */
    String problem() {
        return problem;
    }

    /** The first seed that answers is asked to dial back. */
    void joinedThrough(List<Address> seed) {
        if (checker.isEmpty()) {
            checker = seed;
            due = time.now();
        }
    }

    private int find(Rumor asker) {
        int member = peers.table().find(asker.id());
        boolean counts = member != Directory.NONE
                && peers.table().counts(member)
                && peers.table().member(member).epoch() == asker.epoch();
        return counts ? member : Directory.NONE;
    }

    long wakeAt() {
        long at = due;
        for (Dial dial : dials.values()) {
            at = Math.min(at, dial.until);
        }
        return at;
    }

    void tick() {
        dials.values().removeIf(dial -> time.now() >= dial.until);
        if (time.now() >= due) {
            due = time.now() + INTERVAL;
            exchanges.ask(checker, new Body.Check(), Bundle.empty(), TIMEOUT, new Exchanges.Reply() {
                @Override
                public void answered(Message message) {
                    if (message.body() instanceof Body.Checked checked) {
                        problem = checked.problem();
                        due = problem.isEmpty() ? Time.NEVER : due;
                    }
                }

                @Override
                public void failed(String reason) {
                    // the checker is gone, perhaps; another will do
                    peers.random()
                            .pick(1, peer -> true)
                            .forEach(peer -> checker =
                                    Rumor.controlAddresses(peers.table().member(peer)));
                }
            });
        }
    }

    /** The asker wants its ports dialled. */
    void check(long exchange, Rumor asker) {
        boolean known = find(asker) != Directory.NONE;
        boolean busy = dials.size() >= DIALS
                || dials.values().stream().anyMatch(dial -> dial.asker.id().equals(asker.id()));
        if (!known || busy) {
            exchanges.refuse(exchange, busy ? "busy dialling others back" : "not a member");
            return;
        }
        long dial = ++lastDial;
        dials.put(dial, new Dial(exchange, asker, time.now() + TIMEOUT));
        Message ping = exchanges.message(new Body.Ping(), Bundle.empty());
        outbox.add(new Effect.DialBack(dial, asker.member(), ping));
    }

    void dialled(long id, String found) {
        Dial dial = dials.remove(id);
        if (dial == null) {
            return;
        }
        String text = Limits.tame(found);
        int asker = find(dial.asker);
        if (asker != Directory.NONE) {
            peers.problem(asker, text);
        }
        exchanges.answer(dial.exchange, dial.asker, new Body.Checked(text));
    }
}
