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

    /** And when there was more than one exchange could give. */
    private static final long JOINING_AGAIN = 50 * Time.MILLIS;

    static final long TIMEOUT = 5 * Time.SECONDS;

    /** One in so many goes to a member that died or left: partitions heal. And one to any, not only to neighbours. */
    static final int TO_THE_GONE = 10;

    static final int TO_ANYONE = 10;

    /** Members of a ring in which a node takes its time to join. */
    static final int LARGE = 1_500;

    /** One in so many of a node that joins goes to any, not to one that it has talked to. */
    static final int JOINING_ANEW = 6;

    /** Exchanges at one time, once joined: a partner that does not answer must not hold up those that would. */
    static final int ROUNDS = 3;

    /** Questions of one exchange. */
    static final int STEPS = 64;

    /** Buckets in one question. */
    static final int BUCKETS = 512;

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

    Repair(Time time, Peers peers, Exchanges exchanges, Differences differences, RandomGenerator random) {
        this.time = time;
        this.peers = peers;
        this.exchanges = exchanges;
        this.differences = differences;
        this.random = random;
        contacts = new Contacts(random);
    }

    /** For those who start an exchange: which of the two happened first. */
    interface Outcome {
        void reached(Rumor other);

        void failed(String reason);
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
                contacts.met(partner);
            }

            @Override
            public void failed(String reason) {}
        };
    }

    /** When this node last knew all that a member knew that knows the whole ring; below zero: never. */
    long fullSyncAt() {
        return fullSyncAt;
    }

    /** Whom a node that is joining talks to; {@link Directory#NONE} when it has joined, or knows none. */
    int contact() {
        return joined ? Directory.NONE : contacts.any();
    }

    /** This node is a full member: no hurry any more. */
    void joined() {
        joined = true;
    }

    long wakeAt() {
        return due;
    }

    void tick() {
        if (time.now() < due) {
            return;
        }
        long interval = joined ? INTERVAL : isLarge() ? 2 * JOINING_INTERVAL : JOINING_INTERVAL;
        due = time.now() + interval * 9 / 10 + random.nextLong(interval / 5);
        int partner = running >= (joined ? ROUNDS : 1) ? Directory.NONE : partner();
        if (partner != Directory.NONE) {
            start(Rumor.controlAddresses(peers.table().member(partner)), joined ? WHATEVER : meeting(partner));
        }
    }

    /** In a ring that has so many members already a hurry would be a storm. */
    private boolean isLarge() {
        return peers.table().liveCount() > LARGE;
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
            boolean anew = count % JOINING_ANEW == 0 || !contacts.areEnough();
            int contact = anew ? Directory.NONE : contacts.any();
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
                        peers.table().liveCount() + 1),
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
        private boolean incomplete;
        private boolean told;
        private boolean ended;
        private int steps;

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
            switch (message.body()) {
                case Body.Compared compared -> compared(message.sender(), compared);
                case Body.Listed listed -> listed(message.sender(), listed);
                case Body.Repaired(List<Version> wanted) -> {
                    incomplete |= message.rumors().size() < wantedMembers || wantedMembers >= Differences.WANTED;
                    giveInventories(wanted);
                    next();
                }
                case Body.Busy() -> {
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
            otherOwns = sender.eligible() || compared.members().size() == 0;
            differing(compared.members(), peers.digests().members(), members);
            Hashes theirs = peers.sharesInventories(sender.member()) ? compared.inventories() : Hashes.NONE;
            differing(theirs, peers.digests().inventories(), inventories);
            next();
        }

        /** The groups that differ, from a random one on; if they are large, their buckets. */
        private void differing(Hashes theirs, HashTree tree, ArrayDeque<Bucket> buckets) {
            boolean wide = peers.table().size() <= HashTree.SMALL * HashTree.GROUPS;
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

        private void next() {
            Body.Part part = members.isEmpty() ? Body.Part.INVENTORIES : Body.Part.MEMBERS;
            ArrayDeque<Bucket> open = members.isEmpty() ? inventories : members;
            if (open.isEmpty() || steps >= STEPS) {
                end(open.isEmpty());
                return;
            }
            HashTree tree = part == Body.Part.MEMBERS
                    ? peers.digests().members()
                    : peers.digests().inventories();
            asked = new ArrayList<>();
            while (!open.isEmpty() && asked.size() < BUCKETS) {
                Bucket bucket = open.remove();
                asked.add(new Bucket(bucket.number(), bucket.wide(), tree.at(bucket)));
            }
            ask(new Body.Compares(part, asked), Bundle.empty());
        }

        private void listed(Rumor sender, Body.Listed listed) {
            ArrayDeque<Bucket> open = listed.part() == Body.Part.MEMBERS ? members : inventories;
            for (int i = asked.size() - 1; i >= Math.max(0, listed.done()); i--) {
                open.addFirst(asked.get(i));
            }
            asked = List.of();
            if (listed.done() == 0) {
                end(false); // it has no room for even one bucket
                return;
            }
            Bundle bundle = new Bundle(Differences.GIVEN_BYTES);
            Body.Repair repair = listed.part() == Body.Part.MEMBERS
                    ? differences.ofMembers(sender, listed.listings(), bundle)
                    : differences.ofInventories(listed.listings());
            incomplete |= bundle.truncated();
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
                exchanges.ask(to, new Body.Ping(), bundle, TIMEOUT, Exchanges.IGNORED);
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
            if (incomplete && !joined && !isLarge()) {
                due = Math.min(due, time.now() + JOINING_AGAIN);
            }
            if (complete && !incomplete && otherOwns) {
                fullSyncAt = time.now();
            }
        }
    }

    private static final String NO_ANSWER = "the answer is not one to the question";
}
