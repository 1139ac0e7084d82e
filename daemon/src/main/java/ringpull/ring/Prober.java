package ringpull.ring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ringpull.ring.Membership.Status;

/**
 * SWIM's failure detector: probes one member an interval, directly and then through others, and suspects who does not
 * answer. Mostly neighbours, one in {@value #TO_ANYONE} any other. The interval and all times stretch with the local
 * health.
 */
final class Prober {
    static final long INTERVAL = Time.SECONDS;

    /** Time for the direct probe alone. */
    static final long DIRECT = 500 * Time.MILLIS;

    /** Time for all ways of a probe. */
    static final long VERDICT = 2 * Time.SECONDS;

    /** Members that are asked to probe in our place. */
    static final int HELPERS = 5;

    /** Of these, so many that say they are well prove that this node is. */
    private static final int PROOF = 3;

    static final int TO_ANYONE = 10;

    /** Probes out of turn that wait, and the least time between them. */
    static final int URGENT = 16;

    private static final long URGENT_INTERVAL = 300 * Time.MILLIS;

    /** New suspicions a second that this node may start or join, and at once. */
    static final int ACCUSATIONS_PER_SECOND = 1;

    static final int ACCUSATIONS_AT_ONCE = 8;

    private static final long HELP = Time.SECONDS;

    /** A node that does not get to know the ring judges others all the same from then on. */
    private static final long JUDGES_AFTER = 10 * Time.SECONDS;

    /** The same in a ring of more than {@link Differences#LARGE} members. */
    private static final long JUDGES_AFTER_IN_LARGE = 60 * Time.SECONDS;

    private final Map<Integer, Running> running = new LinkedHashMap<>();
    private final TokenBucket accusations = new TokenBucket(ACCUSATIONS_PER_SECOND, ACCUSATIONS_AT_ONCE);
    private final CharQueue urgent = new CharQueue();
    private final Time time;
    private final Peers peers;
    private final News news;
    private final Exchanges exchanges;
    private final Contacts contacts;
    private long due;
    private long urgentDue;
    private long count;

    Prober(Time time, Peers peers, News news, Exchanges exchanges, Contacts contacts) {
        this.time = time;
        this.peers = peers;
        this.news = news;
        this.exchanges = exchanges;
        this.contacts = contacts;
    }

    /** One probe under way. */
    private final class Running implements Exchanges.Reply {
        private final int target;
        private final Rumor about;
        private final boolean judges = judges();
        private final long indirectAt = time.now() + peers.health().stretch(DIRECT);
        private final long verdictAt = time.now() + peers.health().stretch(VERDICT);
        private boolean indirect;
        private int helpers;
        private int nacks;
        private int inVain;
        private int open = 1;

        private Running(int target) {
            this.target = target;
            about = peers.rumor(target);
        }

        @Override
        public void answered(Message message) {
            open--;
            boolean itself = message.sender().id().equals(about.id());
            if (itself || (message.body() instanceof Body.Probed probed && probed.reached())) {
                if (running.remove(target, this)) {
                    peers.health().better();
                }
                return;
            }
            if (message.body() instanceof Body.Probed probed) {
                nacks++;
                inVain += probed.inVain() ? 1 : 0;
            }
            wentWrong();
        }

        @Override
        public void failed(String reason) {
            open--;
            wentWrong();
        }

        private void wentWrong() {
            if (running.get(target) == this) {
                askOthers();
                boolean nobodyReachesIt = helpers >= PROOF && nacks == helpers;
                if (open == 0 || nobodyReachesIt) {
                    accuse();
                }
            }
        }

        private void askOthers() {
            if (indirect) {
                return;
            }
            indirect = true;
            List<Integer> helping = isAccused() || !judges ? List.of() : helpers();
            helpers = helping.size();
            open += helpers;
            for (int helper : helping) {
                exchanges.ask(helper, new Body.Probe(about.id()), verdictAt - indirectAt, this);
            }
        }

        /** By this node: there is no more to find out. */
        private boolean isAccused() {
            return peers.suspicions().accusers(target).contains(peers.selfOrdinal());
        }

        /** Neighbours first: to any other it would be a handshake, and when many die that is what costs most. */
        private List<Integer> helpers() {
            List<Integer> helping = new ArrayList<>();
            int count = peers.neighbours().count();
            int start = count == 0 ? 0 : peers.random().below(count);
            for (int i = 0; i < count && helping.size() < HELPERS; i++) {
                int neighbour = peers.neighbours().at((start + i) % count);
                if (canHelp(neighbour)) {
                    helping.add(neighbour);
                }
            }
            helping.addAll(
                    peers.random().pick(HELPERS - helping.size(), peer -> canHelp(peer) && !helping.contains(peer)));
            return helping;
        }

        private boolean canHelp(int member) {
            return member != target && peers.table().status(member) == Status.ALIVE;
        }

        private void accuse() {
            if (!running.remove(target, this) || isAccused() || !judges) {
                return;
            }
            peers.health().worse(helpers > 0 ? Math.max(0, Math.min(helpers, PROOF) - nacks) : 1);
            boolean unchanged = peers.table().isKnown(target)
                    && peers.table().counts(target)
                    && peers.table().member(target).equals(about.member())
                    && peers.table().incarnation(target) == about.incarnation();
            if (unchanged && accusations.available(time.now()) > 0) {
                accusations.spend(1);
                if (peers.accuse(target, peers.selfOrdinal())) {
                    peers.suspicions().calledInVain(target, inVain);
                    news.changed(target, false);
                }
            }
        }
    }

    /**
     * Where thousands join at once all are late in answering each other: if each then asked five others to try, and each of
     * these dialled, that alone would keep them late. Who has joined judges; a node that joins has no neighbours to watch yet.
     */
    private boolean judges() {
        boolean large = peers.table().liveCount() > Differences.LARGE;
        return !contacts.joins() || time.now() >= (large ? JUDGES_AFTER_IN_LARGE : JUDGES_AFTER);
    }

    /** Probe this one out of turn: somebody suspects it, or a call to it failed. */
    void soon(int member) {
        if (judges() && urgent.size() < URGENT && !running.containsKey(member)) {
            urgent.add(member);
        }
    }

    /** Somebody suspects a member: those who watch it look for themselves. */
    void suspected(int member) {
        if (peers.neighbours().contains(member)) {
            soon(member);
        }
    }

    long wakeAt() {
        long at = urgent.size() == 0 ? due : Math.min(due, urgentDue);
        for (Running probe : running.values()) {
            at = Math.min(at, probe.indirect ? probe.verdictAt : probe.indirectAt);
        }
        return at;
    }

    void tick() {
        if (!running.isEmpty()) {
            for (Running probe : List.copyOf(running.values())) {
                if (time.now() >= probe.verdictAt) {
                    probe.accuse();
                } else if (time.now() >= probe.indirectAt) {
                    probe.askOthers();
                }
            }
        }
        if (urgent.size() > 0 && time.now() >= urgentDue) {
            urgentDue = time.now() + URGENT_INTERVAL;
            start(urgent.peek());
            urgent.remove();
        }
        if (time.now() >= due) {
            long interval = peers.health().stretch(INTERVAL);
            due = Math.max(due, time.now() - interval) + interval;
            start(next());
        }
    }

    private int next() {
        count++;
        int contact = judges() ? Directory.NONE : contacts.any();
        if (contact != Directory.NONE) {
            return contact;
        }
        return count % TO_ANYONE == 0
                ? peers.random().any()
                : peers.neighbours().nextToProbe();
    }

    private void start(int member) {
        boolean live = member != Directory.NONE
                && peers.table().isKnown(member)
                && peers.table().counts(member);
        if (!live || running.containsKey(member)) {
            return;
        }
        Running probe = new Running(member);
        running.put(member, probe);
        exchanges.ask(member, new Body.Ping(), peers.health().stretch(VERDICT), probe);
    }

    /** Another member could not reach the target: can we? */
    void help(long exchange, Rumor asker, MemberId id) {
        int target = peers.table().find(id);
        if (target == Directory.NONE
                || target == peers.selfOrdinal()
                || !peers.table().counts(target)) {
            exchanges.answer(exchange, asker, new Body.Probed(peers.isSelf(id), false));
            return;
        }
        exchanges.ask(target, new Body.Ping(), HELP, new Exchanges.Reply() {
            @Override
            public void answered(Message message) {
                exchanges.answer(
                        exchange, asker, new Body.Probed(message.sender().id().equals(id), false));
            }

            @Override
            public void failed(String reason) {
                exchanges.answer(exchange, asker, new Body.Probed(false, true));
            }
        });
    }
}
