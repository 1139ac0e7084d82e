package ringpull.ring.wire;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import java.io.Closeable;
import java.io.IOException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.ring.Address;
import ringpull.ring.Announce;
import ringpull.ring.Directory;
import ringpull.ring.Effect;
import ringpull.ring.Event;
import ringpull.ring.Holders;
import ringpull.ring.Ladders;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership;
import ringpull.ring.Rendezvous;
import ringpull.ring.Ring;
import ringpull.tls.PeerTls;
import ringpull.v1.AdmitReply;
import ringpull.v1.RingMessage;

/**
 * This node's part in the ring: gives the pure {@link Ring} its one thread, its time, its sockets and its random numbers.
 * All methods are for any thread; those of {@link Membership}, {@link Holders} and {@link Rendezvous} never
 * block.
 */
public final class RingNode implements Membership, Holders, Rendezvous, Closeable {
    /** Events that wait for the ring's thread. */
    static final int EVENTS = 8_192;

    private static final Logger LOG = LoggerFactory.getLogger(RingNode.class);
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** The ring is looked after at least so often, even if it has nothing to do. */
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long LEAVE_SECONDS = 2;
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(1);

    private final BlockingQueue<Event> events = new ArrayBlockingQueue<>(EVENTS);

    /** Own blobs that came or went since the ring's thread last looked: the newest of each, so that it is bounded. */
    private final Map<Digest, Event> ownChanges = new LinkedHashMap<>();

    private final Map<String, SeedSource> seeds = new HashMap<>();
    /** Not shut down: gRPC's last callbacks come after the end, and its threads end with their tasks. */
    private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();

    private final AtomicLong sent = new AtomicLong();
    private final CountDownLatch left = new CountDownLatch(1);
    private final ControlPort port;
    private final Ring ring;
    private final Channels channels;
    private final Caller caller;
    private final AdmissionCaller admissions;
    private final PeerLadders ladders;
    private final Dialer dialer;
    private final Thread thread;
    private final List<Consumer<MemberId>> deathListeners = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    private RingNode(ControlPort port, Member self, Config.Ring settings, Map<Digest, Long> inventory)
            throws IOException {
        for (String seed : settings.seeds()) {
            seeds.put(seed, SeedSource.parse(seed));
        }
        this.port = port;
        RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        ring = new Ring(
                settings.cluster(), self, settings.seeds(), random, announce(settings.announce()), new Directory());
        inventory.forEach(this::hold);
        channels = new Channels(port.tls().map(PeerTls::controlClient).orElse(null), workers);
        caller = new Caller(channels, port.senders(), this::happened);
        Silence silence = new Silence(System::nanoTime);
        admissions = new AdmissionCaller(channels, silence);
        ladders = new PeerLadders(
                channels,
                port.senders(),
                silence,
                new LadderWords(
                        settings.cluster(), self.id(), self.epoch(), port.tls().map(PeerTls::keys)));
        dialer = new Dialer(channels, port.senders(), workers);
        thread = Thread.ofPlatform().name("ringpull-ring").daemon().unstarted(this::run);
    }

    /**
     * Joins the ring, in the background: a node whose seeds do not answer is one of one member, and asks on.
     *
     * @param port stays the caller's to close if this fails; afterwards {@link #close} closes it
     * @param self as the other members shall see it, with the ports' real numbers
     * @param inventory digests and sizes in bytes of the blobs that are complete and proven here
     * @throws IllegalArgumentException with a sentence, if a seed or the member's description is not valid
     * @throws IOException if the certificates cannot be read
     */
    public static RingNode start(ControlPort port, Member self, Config.Ring settings, Map<Digest, Long> inventory)
            throws IOException {
        RingNode node = new RingNode(port, self, settings, inventory);
        port.tls().ifPresent(tls -> tls.onChange(node.channels::renew));
        node.thread.start();
        port.serve((exchange, message) -> node.events.offer(new Event.Asked(exchange, message)));
        return node;
    }

    private static Announce announce(Config.Announce setting) {
        return switch (setting) {
            case CLUSTER -> Announce.CLUSTER;
            case ZONE -> Announce.ZONE;
        };
    }

    /** Announces a blob that is complete and proven here. */
    public void hold(Digest digest, long sizeBytes) {
        changed(digest, new Event.Held(digest, sizeBytes));
    }

    /** Announces that a blob is no longer here. */
    public void drop(Digest digest) {
        changed(digest, new Event.Dropped(digest));
    }

    private void changed(Digest digest, Event event) {
        boolean first;
        synchronized (ownChanges) {
            first = ownChanges.isEmpty();
            ownChanges.put(digest, event);
        }
        if (first) {
            var _ = events.offer(new Event.Tick()); // if there is no room it will be looked at soon in any case
        }
    }

    /**
     * Tells some members that this one goes, so that none has to find out; two seconds at most. From then on it refuses
     * all questions.
     */
    public void leave() throws InterruptedException {
        happened(new Event.Leave());
        if (!left.await(LEAVE_SECONDS, TimeUnit.SECONDS)) {
            LOG.info("left the ring without being sure that anybody heard");
        }
    }

    @Override
    public Member self() {
        return ring.self();
    }

    @Override
    public List<MemberState> members() {
        return ring.members();
    }

    @Override
    public List<Holder> holders(Digest digest) {
        return ring.holders(digest);
    }

    @Override
    public void disown(MemberId member, Digest digest) {
        ring.disown(member, digest);
    }

    @Override
    public List<Member> order(Digest digest, int limit) {
        return ring.order(digest, limit);
    }

    @Override
    public List<Member> orderInRack(Digest digest, String zone, String rack, int limit) {
        return ring.orderInRack(digest, zone, rack, limit);
    }

    @Override
    public List<Member> orderInZone(Digest digest, String zone, int limit) {
        return ring.orderInZone(digest, zone, limit);
    }

    /** Calls back, on the ring's thread, with members that died or left; returns quickly. */
    public void onDeath(Consumer<MemberId> listener) {
        deathListeners.add(listener);
    }

    /** The connection to a member's control port, shared by all that speak on it. */
    public Channel channel(Member member) {
        return channels.to(new Address(member.addresses().getFirst(), member.controlPort()));
    }

    /** A call on that connection failed: the next one dials anew. */
    public void discard(Member member, Channel channel) {
        if (channel instanceof ManagedChannel managed) {
            channels.discard(new Address(member.addresses().getFirst(), member.controlPort()), managed);
        }
    }

    /**
     * Asks a member for a session on its plain-text data port; blocks two seconds at most.
     *
     * @throws IOException with a sentence, if it does not answer or refuses
     */
    public AdmitReply askForSession(Member member) throws IOException, InterruptedException {
        return admissions.ask(member);
    }

    /** Members' ladders, over the connections that the ring keeps anyway. */
    public Ladders ladders() {
        return ladders;
    }

    /** Questions and answers that this node sent. */
    public long messagesSent() {
        return sent.get();
    }

    /** Messages that were refused because they made no sense or were of another ring. */
    public long messagesRejected() {
        return ring.rejected() + port.rejected();
    }

    /** Stops without a word to the others, as a crash would; closes the control port. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(CLOSE_WAIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        port.close();
        channels.close();
    }

    private void happened(Event event) {
        if (!events.offer(event) && !closed) {
            LOG.warn("the ring is {} events behind; one was dropped", EVENTS);
        }
    }

    private void run() {
        long ticked = System.nanoTime() - TICK_NANOS;
        long due = ticked;
        while (!closed) {
            try {
                Event event = events.poll(Math.max(0, due - System.nanoTime()), TimeUnit.NANOSECONDS);
                if (event != null && !(event instanceof Event.Tick)) {
                    handle(event);
                }
                if (event instanceof Event.Tick || System.nanoTime() - due >= 0) {
                    ticked = System.nanoTime();
                    takeOwnChanges().forEach(this::handle);
                    handle(new Event.Tick());
                }
                due = ticked + Math.clamp(ring.wakeAt() - ticked, TICK_NANOS, IDLE_NANOS);
            } catch (InterruptedException e) {
                return; // closed
            }
        }
    }

    private List<Event> takeOwnChanges() {
        synchronized (ownChanges) {
            List<Event> changes = new ArrayList<>(ownChanges.values());
            ownChanges.clear();
            return changes;
        }
    }

    private void handle(Event event) {
        try {
            ring.handle(event, System.nanoTime()).forEach(this::perform);
        } catch (RuntimeException e) {
            LOG.error(
                    "the ring failed on {}; it goes on without that",
                    event.getClass().getSimpleName(),
                    e);
        }
    }

    private void perform(Effect effect) {
        switch (effect) {
            case Effect.Call call -> {
                sent.incrementAndGet();
                caller.call(call.call(), call.to(), Codec.encode(call.message()), call.timeoutNanos());
            }
            case Effect.Answer answer -> {
                sent.incrementAndGet();
                port.answer(answer.exchange(), Codec.encode(answer.message()));
            }
            case Effect.Refuse refuse -> port.refuse(refuse.exchange(), refuse.reason());
            case Effect.Resolve resolve -> background(() -> resolve(resolve.seed()));
            case Effect.DialBack dial -> background(() -> dial(dial));
            case Effect.Changed changed -> {
                LOG.info(
                        "member {} ({}) at {} is {}",
                        changed.member().name(),
                        changed.member().id(),
                        changed.member().addresses().getFirst(),
                        changed.status());
                if (!changed.status().counts()) {
                    deathListeners.forEach(
                            listener -> listener.accept(changed.member().id()));
                }
            }
            case Effect.Left() -> left.countDown();
        }
    }

    private interface Blocking {
        void run() throws InterruptedException;
    }

    private void background(Blocking task) {
        workers.execute(() -> {
            try {
                task.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // closed
            }
        });
    }

    private void resolve(String seed) {
        List<Address> addresses = List.of();
        String problem = "";
        try {
            addresses = seeds.getOrDefault(seed, SeedSource.parse(seed)).resolve();
        } catch (UnknownHostException e) {
            problem = "its name has no address: " + e.getMessage();
        } catch (IOException e) {
            problem = String.valueOf(e.getMessage());
        }
        happened(new Event.Resolved(seed, addresses, problem));
    }

    private void dial(Effect.DialBack effect) throws InterruptedException {
        RingMessage ping = Codec.encode(effect.message());
        sent.incrementAndGet();
        happened(new Event.Dialled(effect.dial(), dialer.dial(effect.member(), ping)));
    }
}
