package ringpull.ring;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * The way into the ring, and back into it: asks each seed for ever, seldom once its members are known. A seed that is no
 * live member is asked again, so that two halves of a ring that lost each other meet.
 */
final class Seeds {
    static final long FIRST_WAIT = Time.SECONDS;
    static final long LONGEST_WAIT = 30 * Time.SECONDS;

    /** How often a seed that answered is looked at again. */
    static final long REVISIT = 60 * Time.SECONDS;

    /** Addresses of one seed that are asked in one go, one after another until one answers. */
    static final int ADDRESSES = 16;

    /** An address that has not answered for so long is not waited for: the next is asked too. */
    static final long PATIENCE = Time.SECONDS;

    private final List<Seed> seeds = new ArrayList<>();
    private final Set<Address> ourselves = new HashSet<>();
    private final Time time;
    private final Outbox outbox;
    private final Peers peers;
    private final Repair repair;
    private final Checks checks;
    private final RandomGenerator random;
    private boolean alone;

    Seeds(
            List<String> names,
            Time time,
            Outbox outbox,
            Peers peers,
            Repair repair,
            Checks checks,
            RandomGenerator random) {
        names.stream().distinct().forEach(name -> seeds.add(new Seed(name)));
        this.time = time;
        this.outbox = outbox;
        this.peers = peers;
        this.repair = repair;
        this.checks = checks;
        this.random = random;
        ourselves.addAll(peers.self().controlAddresses());
    }

    private static final class Seed {
        private final String name;
        private long due;
        private long wait = FIRST_WAIT;
        private int open;
        private List<Address> next = List.of();
        private long contactedAt;
        private boolean reached;
        private String problem = "";

        private Seed(String name) {
            this.name = name;
        }
    }

    long wakeAt() {
        long at = Time.NEVER;
        for (Seed seed : seeds) {
            long due = seed.next.isEmpty() ? Time.NEVER : seed.contactedAt + PATIENCE;
            at = Math.min(at, seed.open == 0 ? seed.due : due);
        }
        return at;
    }

    void tick() {
        boolean wasAlone = alone;
        alone = peers.table().liveCount() == 0;
        for (Seed seed : seeds) {
            if (alone && !wasAlone) {
                seed.due = Math.min(seed.due, time.now() + jittered(FIRST_WAIT));
            }
            if (time.now() >= seed.due && seed.open == 0) {
                seed.due = time.now() + LONGEST_WAIT; // should no answer come at all
                outbox.add(new Effect.Resolve(seed.name));
            } else if (seed.open > 0 && time.now() >= seed.contactedAt + PATIENCE) {
                contactNext(seed);
            }
        }
    }

    void resolved(Event.Resolved event) {
        for (Seed seed : seeds) {
            if (seed.name.equals(event.seed()) && seed.open == 0) {
                seed.reached = false;
                seed.problem = event.problem();
                contact(seed, strangers(seed, event.addresses()));
            }
        }
    }

    /** Addresses of the seed that belong to no live member, and not to this node. */
    private List<Address> strangers(Seed seed, List<Address> addresses) {
        Set<Address> known = new HashSet<>(ourselves);
        for (int i = 0; i < peers.table().liveCount(); i++) {
            known.addAll(
                    Rumor.controlAddresses(peers.table().member(peers.table().live(i))));
        }
        List<Address> strangers = new ArrayList<>();
        for (Address address : new HashSet<>(addresses)) {
            if (known.contains(address)) {
                seed.reached = true;
            } else {
                strangers.add(address);
            }
        }
        strangers.sort((a, b) -> a.toString().compareTo(b.toString()));
        List<Address> some = new ArrayList<>();
        while (!strangers.isEmpty() && some.size() < ADDRESSES) {
            some.add(strangers.remove(random.nextInt(strangers.size())));
        }
        return some;
    }

    private void contact(Seed seed, List<Address> addresses) {
        seed.next = addresses;
        if (addresses.isEmpty()) {
            rest(seed);
        } else {
            contactNext(seed);
        }
    }

    private void contactNext(Seed seed) {
        if (seed.next.isEmpty()) {
            return;
        }
        Address address = seed.next.getFirst();
        seed.next = seed.next.subList(1, seed.next.size());
        seed.open++;
        seed.contactedAt = time.now();
        List<Address> to = List.of(address);
        repair.start(to, new Repair.Outcome() {
            @Override
            public void reached(Rumor other) {
                if (peers.isSelf(other.id())) {
                    ourselves.add(address);
                    seed.reached |= seed.next.isEmpty();
                } else {
                    seed.reached = true;
                    checks.joinedThrough(to);
                }
                ended(seed);
            }

            @Override
            public void failed(String reason) {
                seed.problem = Limits.tame(address + ": " + reason);
                ended(seed);
            }
        });
    }

    private void ended(Seed seed) {
        seed.open--;
        if (seed.reached) {
            seed.next = List.of();
        }
        if (!seed.next.isEmpty()) {
            contactNext(seed);
        } else if (seed.open == 0) {
            rest(seed);
        }
    }

    private void rest(Seed seed) {
        if (seed.reached) {
            seed.problem = "";
            seed.wait = FIRST_WAIT;
            seed.due = time.now() + jittered(REVISIT);
        } else {
            seed.due = time.now() + jittered(seed.wait);
            seed.wait = Math.min(2 * seed.wait, LONGEST_WAIT);
        }
    }

    private long jittered(long nanos) {
        return nanos / 2 + random.nextLong(nanos);
    }

    /** Why this node is alone; empty if it is not, or has no seeds but itself. */
    String problem() {
        if (peers.table().liveCount() > 0) {
            return "";
        }
        for (Seed seed : seeds) {
            if (!seed.problem.isEmpty()) {
                return Limits.tame(
                        "alone in the ring, because seed " + seed.name + " does not answer: " + seed.problem);
            }
        }
        return "";
    }
}
