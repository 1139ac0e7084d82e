package ringpull.ring;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.ring.Membership.Status;

/**
 * Finds out who is there: probes one member a second, directly and then through others, and suspects who does not answer.
 */
final class Prober {
    static final long INTERVAL = Time.SECONDS;

    /** Time for the direct probe alone. */
    static final long DIRECT = 500 * Time.MILLIS;

    /** Time for all ways of a probe. */
    static final long VERDICT = 2 * Time.SECONDS;

    /** Members that are asked to probe in our place. */
    static final int HELPERS = 3;

    private static final long HELP = Time.SECONDS;

    private final Map<MemberId, Running> running = new LinkedHashMap<>();
    private final Time time;
    private final Peers peers;
    private final News news;
    private final Exchanges exchanges;
    private long due;

    Prober(Time time, Peers peers, News news, Exchanges exchanges) {
        this.time = time;
        this.peers = peers;
        this.news = news;
        this.exchanges = exchanges;
    }

    /** One probe under way. */
    private final class Running implements Exchanges.Reply {
        private final Rumor target;
        private final long started = time.now();
        private boolean indirect;
        private int open;

        private Running(Rumor target) {
            this.target = target;
        }

        @Override
        public void answered(Message message) {
            open--;
            boolean itself = message.sender().id().equals(target.id());
            if (itself || (message.body() instanceof Body.Probed probed && probed.reached())) {
                running.remove(target.id(), this);
            } else {
                wentWrong();
            }
        }

        @Override
        public void failed(String reason) {
            open--;
            wentWrong();
        }

        private void wentWrong() {
            if (running.get(target.id()) == this) {
                askOthers();
                if (open == 0) {
                    suspect();
                }
            }
        }

        private void askOthers() {
            if (indirect) {
                return;
            }
            indirect = true;
            List<Peer> helpers = peers.pick(
                    HELPERS,
                    peer -> !peer.id().equals(target.id()) && peer.rumor().status() == Status.ALIVE);
            open += helpers.size();
            for (Peer helper : helpers) {
                exchanges.ask(helper, new Body.Probe(target.id()), VERDICT - DIRECT, this);
            }
        }

        private void suspect() {
            running.remove(target.id(), this);
            Peer peer = peers.get(target.id());
            boolean unchanged = peer != null && peer.rumor().equals(target);
            if (unchanged && target.status() == Status.ALIVE) {
                peers.learn(target.with(Status.SUSPECT));
                news.rumor(target.id());
            }
        }
    }

    void tick() {
        for (Running probe : List.copyOf(running.values())) {
            long age = time.now() - probe.started;
            if (age >= VERDICT) {
                probe.suspect();
            } else if (age >= DIRECT) {
                probe.askOthers();
            }
        }
        if (time.now() >= due) {
            due = Math.max(due, time.now() - INTERVAL) + INTERVAL;
            start(peers.nextToProbe());
        }
    }

    private void start(@Nullable Peer peer) {
        if (peer == null || running.containsKey(peer.id())) {
            return;
        }
        Running probe = new Running(peer.rumor());
        probe.open = 1;
        running.put(peer.id(), probe);
        exchanges.ask(peer, new Body.Ping(), VERDICT, probe);
    }

    /** Another member could not reach the target: can we? */
    void help(long exchange, Rumor asker, MemberId id) {
        Peer target = peers.get(id);
        if (target == null || !target.counts()) {
            exchanges.answer(exchange, asker, new Body.Probed(peers.isSelf(id)));
            return;
        }
        exchanges.ask(target, new Body.Ping(), HELP, new Exchanges.Reply() {
            @Override
            public void answered(Message message) {
                exchanges.answer(
                        exchange, asker, new Body.Probed(message.sender().id().equals(id)));
            }

            @Override
            public void failed(String reason) {
                exchanges.answer(exchange, asker, new Body.Probed(false));
            }
        });
    }
}
