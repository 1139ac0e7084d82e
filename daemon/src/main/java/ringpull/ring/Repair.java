package ringpull.ring;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Repairs what news missed: once a second this node and another compare what they know, from the root of a
 * {@link HashTree} down to the entries that differ, and give each other the difference. Joining is the same, with a seed.
 */
final class Repair {
    static final long INTERVAL = Time.SECONDS;

    /** The same while this node does not know the whole ring. */
    static final long JOINING_INTERVAL = 250 * Time.MILLIS;

    /** And when there was more than one exchange could give; in a large ring only if it gave something. */
    private static final long JOINING_AGAIN = 50 * Time.MILLIS;

    static final long TIMEOUT = 5 * Time.SECONDS;

    /** One in so many goes to a member that died or left: partitions heal. And one to any, not only to neighbours. */
    static final int TO_THE_GONE = 10;

    static final int TO_ANYONE = 10;

    /** One in so many of a node that joins goes to any, not to one that it has talked to. */
    static final int JOINING_ANEW = 6;

    /** Exchanges at one time, once joined: a partner that does not answer must not hold up those that would. */
    static final int ROUNDS = 3;

    /** Questions of one exchange. */
    static final int STEPS = 64;

    /** Buckets in one question. */
    static final int BUCKETS = 512;

    private static final long BELIEVED = 60 * Time.SECONDS;

    private final Time time;
    private final Peers peers;
    private final Exchanges exchanges;
    private final Differences differences;
    private final RandomGenerator random;
    private final Contacts contacts;
    private long due;
    private long count;
    private int running;
    private boolean joined;
    private long fullSyncAt = -1;

    Repair(
            Time time,
            Peers peers,
            Exchanges exchanges,
            Differences differences,
            Contacts contacts,
            RandomGenerator random) {
        this.time = time;
        this.peers = peers;
        this.exchanges = exchanges;
        this.differences = differences;
        this.random = random;
        this.contacts = contacts;
    }

    /** For those who start an exchange: which of the two happened first. */
    interface Outcome {
        void reached(Rumor other);

        void failed(String reason);

        /** Beside those: in the end the other was too busy. */
        default void busy() {}
    }

    private static final Outcome WHATEVER = new Outcome() {
        @Override
        public void reached(Rumor other) {}

        @Override
        public void failed(String reason) {}
    };

    private Outcome meeting(int partner) {
        return new Outcome() {
            @Override
            public void reached(Rumor other) {
                contacts.met(partner, false);
            }

            @Override
            public void failed(String reason) {}

            @Override
            public void busy() {
                contacts.met(partner, true);
            }
        };
    }

    /** Whether it knows less than others said there are. So much is believed for a while only: they may lie. */
    boolean lacksMany() {
        return time.now() < BELIEVED && !differences.knowsMost();
    }

    /** When this node last knew all that a member knew that knows the whole ring; below zero: never. */
    long fullSyncAt() {
        return fullSyncAt;
    }

    /** This node is a full member: no hurry any more. */
    void joined() {
        joined = true;
        contacts.end(time.now());
        differences.joined();
    }

    long wakeAt() {
        return due;
    }

    void tick() {
        if (time.now() < due) {
            return;
        }
        long interval = joined ? INTERVAL : differences.isLarge() ? 2 * JOINING_INTERVAL : JOINING_INTERVAL;
        due = time.now() + interval * 9 / 10 + random.nextLong(interval / 5);
        int partner = running >= (joined ? ROUNDS : 1) ? Directory.NONE : partner();
        if (partner != Directory.NONE) {
            start(Rumor.controlAddresses(peers.table().member(partner)), joined ? WHATEVER : meeting(partner));
        }
    }

    private int partner() {
        count++;
        int gone = joined && count % TO_THE_GONE == 0 && peers.tombstones() > 0
                ? peers.random().anyGone()
                : Directory.NONE;
        if (gone != Directory.NONE) {
            return gone;
        }
        if (!joined) {
            int free = contacts.free();
            // Where all were busy every other turn is theirs again: another one would be a handshake, and likely as
            // busy.
            int again = free == Directory.NONE && contacts.areMany() && count % 2 == 0 ? contacts.any() : free;
            int contact = count % JOINING_ANEW == 0 ? Directory.NONE : again;
            boolean good = contact != Directory.NONE
                    && peers.table().isKnown(contact)
                    && peers.table().counts(contact);
            return good ? contact : peers.random().any();
        }
        if (count % TO_ANYONE == TO_ANYONE / 2) {
            return peers.random().any();
        }
        return peers.neighbours().any();
    }

    void start(List<Address> to, Outcome outcome) {
        running++;
        Round round = new Round(to, outcome);
        round.ask(
                new Body.Compare(
                        peers.digests().members().root(),
                        peers.digests().inventories().root(),
                        peers.table().liveCount() + 1,
                        peers.digests().identities()),
                Bundle.empty());
    }

    /** One exchange, on the side that began it. */
    private final class Round implements Exchanges.Reply {
        private final List<Address> to;
        private final Outcome outcome;
        private final ArrayDeque<Bucket> members = new ArrayDeque<>();
        private final ArrayDeque<Bucket> inventories = new ArrayDeque<>();
        private List<Bucket> asked = List.of();
        private int wantedMembers;
        private boolean otherOwns;
        private boolean sameMembers;
        private boolean incomplete;
        private boolean gained;
        private boolean told;
        private boolean ended;
        private int steps;
        private long salt;

        private Round(List<Address> to, Outcome outcome) {
            this.to = to;
            this.outcome = outcome;
        }

        private void ask(Body body, Bundle bundle) {
            steps++;
            exchanges.ask(to, body, bundle, TIMEOUT, this);
        }

        @Override
        public void failed(String reason) {
            tell(Optional.empty(), reason);
            end(false);
        }

        @Override
        public void answered(Message message) {
            gained |=
                    message.body() instanceof Body.Repaired && !message.rumors().isEmpty();
            switch (message.body()) {
                case Body.Compared compared -> compared(message.sender(), compared);
                case Body.Listed listed -> listed(message.sender(), listed);
                case Body.Repaired(List<Version> wanted) -> {
                    incomplete |= message.rumors().size() < wantedMembers || wantedMembers >= Listings.WANTED;
                    giveInventories(wanted);
                    next();
                }
                case Body.Busy() -> {
                    tell(Optional.of(message.sender()), "");
                    outcome.busy();
                    incomplete = true;
                    end(false);
                }
                case Body.Ping b -> failed(NO_ANSWER);
                case Body.Ack b -> failed(NO_ANSWER);
                case Body.Probe b -> failed(NO_ANSWER);
                case Body.Probed b -> failed(NO_ANSWER);
                case Body.Compare b -> failed(NO_ANSWER);
                case Body.Compares b -> failed(NO_ANSWER);
                case Body.Repair b -> failed(NO_ANSWER);
                case Body.Check b -> failed(NO_ANSWER);
                case Body.Checked b -> failed(NO_ANSWER);
                case Body.Unknown b -> failed(NO_ANSWER);
            }
        }

        private void compared(Rumor sender, Body.Compared compared) {
            tell(Optional.of(sender), "");
            if (!joined) {
                differences.heardOf(compared.known());
            }
            sameMembers = compared.sameMembers();
            otherOwns = sender.eligible() || sameMembers;
            // Who joins wants many and takes brief hashes; else a whole hash says more: that a state is just the next.
            salt = joined || sameMembers ? 0 : random.nextLong() | 1;
            differing(compared.members(), peers.digests().members(), salt != 0 || sameMembers, members);
            Hashes theirs = peers.sharesInventories(sender.member()) ? compared.inventories() : Hashes.NONE;
            differing(theirs, peers.digests().inventories(), false, inventories);
            next();
        }

        /** The groups that differ, from a random one on; if they are large, their buckets. */
        private void differing(Hashes theirs, HashTree tree, boolean whole, ArrayDeque<Bucket> buckets) {
            boolean wide = whole || peers.table().size() <= HashTree.SMALL * HashTree.GROUPS;
            Hashes ours = theirs.size() == 0 ? theirs : tree.groups();
            int start = random.nextInt(HashTree.GROUPS);
            for (int i = 0; i < theirs.size(); i++) {
                int group = (start + i) % HashTree.GROUPS;
                if (theirs.at(group) == ours.at(group)) {
                    continue;
                }
                if (wide) {
                    buckets.add(new Bucket(group, true, ours.at(group)));
                    continue;
                }
                for (int bucket = Bucket.first(group, true); bucket < Bucket.end(group, true); bucket++) {
                    buckets.add(new Bucket(bucket, false, tree.at(bucket)));
                }
            }
        }

        /** Members, then what they hold; their mere states last. */
        private Body.Part part() {
            if (sameMembers) {
                return inventories.isEmpty() ? Body.Part.STATES : Body.Part.INVENTORIES;
            }
            return members.isEmpty() ? Body.Part.INVENTORIES : Body.Part.MEMBERS;
        }

        private ArrayDeque<Bucket> buckets(Body.Part part) {
            return part == Body.Part.INVENTORIES ? inventories : members;
        }

        private void next() {
            Body.Part part = part();
            if (part == Body.Part.STATES && !incomplete) {
                fullSyncAt = time.now();
            }
            ArrayDeque<Bucket> open = buckets(part);
            if (open.isEmpty() || steps >= STEPS) {
                end(open.isEmpty());
                return;
            }
            HashTree tree = part == Body.Part.INVENTORIES
                    ? peers.digests().inventories()
                    : peers.digests().members();
            asked = new ArrayList<>();
            while (!open.isEmpty() && asked.size() < BUCKETS) {
                Bucket bucket = open.remove();
                asked.add(new Bucket(bucket.number(), bucket.wide(), tree.at(bucket)));
            }
            ask(new Body.Compares(part, asked, salt), Bundle.empty());
        }

        private void listed(Rumor sender, Body.Listed listed) {
            ArrayDeque<Bucket> open = buckets(listed.part());
            for (int i = asked.size() - 1; i >= Math.max(0, listed.done()); i--) {
                open.addFirst(asked.get(i));
            }
            asked = List.of();
            if (listed.done() == 0) {
                end(false); // it has no room for even one bucket
                return;
            }
            boolean states = listed.part() == Body.Part.STATES;
            Bundle bundle = states ? new Bundle(MemberStates.GIVEN_BYTES) : differences.gift();
            Body.Repair repair = switch (listed.part()) {
                case MEMBERS -> differences.ofMembers(sender, listed.listings(), salt, bundle);
                case INVENTORIES -> differences.ofInventories(listed.listings());
                case STATES -> differences.states().learn(listed.listings(), bundle);
            };
            incomplete |= bundle.truncated() && !states;
            wantedMembers = repair.wanted().stream()
                    .mapToInt(wanted -> wanted.counted().size())
                    .sum();
            if (repair.wanted().isEmpty() && repair.known().isEmpty() && bundle.isEmpty()) {
                next();
            } else {
                ask(repair, bundle);
            }
        }

        private void giveInventories(List<Version> wanted) {
            Bundle bundle = new Bundle(Differences.INVENTORY_BYTES);
            differences.inventories().give(wanted, bundle);
            if (!bundle.isEmpty()) {
                // Not a ping: what is in that is news, and passed on.
                exchanges.ask(to, new Body.Repair(List.of(), List.of(), 0), bundle, TIMEOUT, Exchanges.IGNORED);
            }
        }

        /** The first of the two is the outcome. */
        private void tell(Optional<Rumor> reached, String reason) {
            if (!told) {
                told = true;
                reached.ifPresentOrElse(outcome::reached, () -> outcome.failed(reason));
            }
        }

        private void end(boolean complete) {
            if (ended) {
                return;
            }
            ended = true;
            tell(Optional.empty(), "it is busy");
            running--;
            if (incomplete && !joined && (!differences.isLarge() || complete || gained)) {
                due = Math.min(due, time.now() + JOINING_AGAIN);
            }
            if (complete && !incomplete && otherOwns) {
                fullSyncAt = time.now();
            }
        }
    }

    private static final String NO_ANSWER = "the answer is not one to the question";
}
