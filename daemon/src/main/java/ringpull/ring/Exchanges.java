package ringpull.ring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.ring.Membership.Status;

/** Questions to other members that wait for their answers, and the answers to theirs. */
final class Exchanges {
    /** Calls that wait; a call beyond fails at once. */
    static final int CALLS = 1_024;

    /** What a driver may be late in reporting a call's end; then it counts as failed. */
    private static final long GRACE = 5 * Time.SECONDS;

    private static final long SWEEP = Time.SECONDS;

    private final Map<Long, Waiting> waiting = new LinkedHashMap<>();
    private final String cluster;
    private final Time time;
    private final Outbox outbox;
    private final Peers peers;
    private final News news;
    private long lastCall;
    private long sweepDue;

    Exchanges(String cluster, Time time, Outbox outbox, Peers peers, News news) {
        this.cluster = cluster;
        this.time = time;
        this.outbox = outbox;
        this.peers = peers;
        this.news = news;
    }

    /** What becomes of a call: one of the two, once. */
    interface Reply {
        void answered(Message message);

        void failed(String reason);
    }

    static final Reply IGNORED = new Reply() {
        @Override
        public void answered(Message message) {}

        @Override
        public void failed(String reason) {}
    };

    private record Waiting(Reply reply, long until) {}

    /** Asks a member, with news beside the question; a suspect is told that it is one (Lifeguard's buddy system). */
    void ask(int member, Body body, long timeout, Reply reply) {
        Bundle bundle = news.tell(peers.table().member(member));
        if (peers.table().status(member) != Status.ALIVE) {
            bundle.addFirst(peers.claim(member));
        }
        ask(Rumor.controlAddresses(peers.table().member(member)), body, bundle, timeout, reply);
    }

    void ask(List<Address> to, Body body, Bundle bundle, long timeout, Reply reply) {
        if (waiting.size() >= CALLS) {
            reply.failed("too many calls are waiting for answers");
            return;
        }
        long call = ++lastCall;
        waiting.put(call, new Waiting(reply, time.now() + timeout + GRACE));
        outbox.add(new Effect.Call(call, to, message(body, bundle), timeout));
    }

    /** The call's reply, which now is the caller's to use; null if the call has ended already. */
    @Nullable
    Reply end(long call) {
        Waiting ended = waiting.remove(call);
        return ended == null ? null : ended.reply;
    }

    void failed(long call, String reason) {
        Reply reply = end(call);
        if (reply != null) {
            reply.failed(reason);
        }
    }

    long wakeAt() {
        return waiting.isEmpty() ? Time.NEVER : sweepDue;
    }

    void tick() {
        if (time.now() < sweepDue) {
            return;
        }
        sweepDue = time.now() + SWEEP;
        List<Long> overdue = new ArrayList<>();
        waiting.forEach((call, entry) -> {
            if (time.now() >= entry.until) {
                overdue.add(call);
            }
        });
        overdue.forEach(call -> failed(call, "no answer"));
    }

    /** Answers a question, with news beside it; foremost what the asker does not know about itself. */
    void answer(long exchange, Rumor asker, Body body) {
        answer(exchange, asker, body, news.tell(asker.member()));
    }

    void answer(long exchange, Rumor asker, Body body, Bundle bundle) {
        int known = peers.table().find(asker.id());
        if (known != Directory.NONE && peers.rumor(known).newerThan(asker)) {
            if (peers.rumor(known).epoch() == asker.epoch()) {
                bundle.addFirst(peers.claim(known));
            } else {
                bundle.addFirst(peers.rumor(known));
            }
        }
        outbox.add(new Effect.Answer(exchange, message(body, bundle)));
    }

    void refuse(long exchange, String reason) {
        outbox.add(new Effect.Refuse(exchange, reason));
    }

    Message message(Body body, Bundle bundle) {
        return new Message(
                cluster,
                Message.PROTOCOL,
                0,
                peers.self(),
                peers.health().score(),
                bundle.rumors(),
                bundle.claims(),
                bundle.deaths(),
                bundle.deltas(),
                body);
    }
}
