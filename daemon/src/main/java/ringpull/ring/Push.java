package ringpull.ring;

/** Sends news on its way at once, because they would wait long for the next probe. */
final class Push {
    /** Shortest time between pushes, and the members that each goes to. */
    static final long INTERVAL = 250 * Time.MILLIS;

    static final int TARGETS = 2;

    /** One in so many goes to any member, not to a neighbour. */
    static final int TO_ANYONE = 10;

    private static final long SOON = 50 * Time.MILLIS;

    private final Time time;
    private final Peers peers;
    private final News news;
    private final Exchanges exchanges;
    private final Prober prober;
    private final Contacts contacts;
    private long due = Time.NEVER;
    private long pushed = -INTERVAL;
    private long pushes;

    Push(Time time, Peers peers, News news, Exchanges exchanges, Prober prober, Contacts contacts) {
        this.time = time;
        this.peers = peers;
        this.news = news;
        this.exchanges = exchanges;
        this.prober = prober;
        this.contacts = contacts;
    }

    long wakeAt() {
        return due;
    }

    /** After each event: are there news to push? */
    void plan() {
        if (news.isEmpty()) {
            due = Time.NEVER;
        } else if (due == Time.NEVER) {
            due = Math.max(time.now() + SOON, pushed + INTERVAL);
        }
    }

    void tick() {
        if (time.now() >= due && !news.isEmpty()) {
            pushed = time.now();
            due = Time.NEVER;
            for (int i = 0; i < TARGETS; i++) {
                int member = target();
                if (member != Directory.NONE
                        && peers.table().isKnown(member)
                        && peers.table().counts(member)) {
                    exchanges.ask(member, new Body.Ping(), Prober.VERDICT, pushTo(member));
                }
            }
        }
    }

    private int target() {
        int contact = contacts.toTell(time.now());
        if (contact != Directory.NONE
                && peers.table().isKnown(contact)
                && peers.table().status(contact) == Membership.Status.ALIVE) {
            return contact;
        }
        return ++pushes % TO_ANYONE == 0
                ? peers.random().any()
                : peers.neighbours().any();
    }

    /** A push that fails is a hint: whoever does not answer is probed soon. */
    private Exchanges.Reply pushTo(int member) {
        return new Exchanges.Reply() {
            @Override
            public void answered(Message message) {}

            @Override
            public void failed(String reason) {
                prober.soon(member);
            }
        };
    }
}
