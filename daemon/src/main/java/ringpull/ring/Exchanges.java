package ringpull.ring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Questions to other members that wait for their answers, and the answers to theirs. */
final class Exchanges {
    /** Calls that wait; a call beyond fails at once. */
    static final int CALLS = 1_024;

    /** What a driver may be late in reporting a call's end; then it counts as failed. */
    private static final long GRACE = 5 * Time.SECONDS;

    private final Map<Long, Waiting> waiting = new LinkedHashMap<>();
    private final String cluster;
    private final Time time;
    private final Outbox outbox;
    private final Peers peers;
    private final News news;
    private long lastCall;

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

    private record Waiting(Reply reply, long until) {}

    /** Asks a member, with news beside the question. */
    void ask(Peer peer, Body body, long timeout, Reply reply) {
        Rumor about = peer.rumor();
        boolean mustKnow = about.status() != Membership.Status.ALIVE;
        ask(about.controlAddresses(), body, news.tell(mustKnow ? about : null), timeout, reply);
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

    void tick() {
        List<Long> overdue = new ArrayList<>();
        waiting.forEach((call, entry) -> {
            if (time.now() >= entry.until) {
                overdue.add(call);
            }
        });
        overdue.forEach(call -> failed(call, "no answer"));
    }

    /** Answers a question, with news beside it; foremost what the asker does not know about itself. */
    void answer(long exchange, @Nullable Rumor asker, Body body) {
        Peer known = asker == null ? null : peers.get(asker.id());
        boolean mustKnow = known != null && asker != null && known.rumor().newerThan(asker);
        answer(exchange, body, news.tell(mustKnow && known != null ? known.rumor() : null));
    }

    void answer(long exchange, Body body, Bundle bundle) {
        outbox.add(new Effect.Answer(exchange, message(body, bundle)));
    }

    void refuse(long exchange, String reason) {
        outbox.add(new Effect.Refuse(exchange, reason));
    }

    Message message(Body body, Bundle bundle) {
        return new Message(cluster, Message.PROTOCOL, 0, peers.self().rumor(), bundle.rumors(), bundle.deltas(), body);
    }
}
