package ringpull.swarm.wire;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.Closeable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.wire.RingNode;
import ringpull.swarm.Effect;
import ringpull.swarm.Event;
import ringpull.swarm.Swarm;
import ringpull.v1.SwarmGrpc;
import ringpull.v1.SwarmHeard;
import ringpull.v1.SwarmMessage;
import ringpull.v1.SwarmTold;

/**
 * This node's part in swarms: gives the pure {@link Swarm} its one thread, its time, its messages and its random numbers.
 * What a swarm wants done with bytes goes to a {@link Work}. Methods are for any thread.
 */
public final class SwarmNode implements Closeable {
    /** Events that wait for the swarm's thread. */
    private static final int EVENTS = 65_536;

    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long TELL_SECONDS = 5;
    private static final long OUTBOX_IDLE_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(1);
    private static final Logger LOG = LoggerFactory.getLogger(SwarmNode.class);

    private final RingNode ring;
    private final String cluster;
    private final Members members;
    private final Swarm swarm;
    private final Work work;
    private final BlockingQueue<Event> events = new ArrayBlockingQueue<>(EVENTS);
    private final Map<MemberId, Outbox> outboxes = new ConcurrentHashMap<>();
    private final AtomicLong sent = new AtomicLong();
    private final Thread thread;
    private volatile boolean closed;

    /** Does with bytes what a swarm wants done. */
    @FunctionalInterface
    public interface Work {
        /** Called on the swarm's thread: returns at once, and tells of the outcome by {@link SwarmNode#happened}. */
        void perform(Effect effect);
    }

    private SwarmNode(RingNode ring, String cluster, Work work) {
        this.ring = ring;
        this.cluster = cluster;
        this.work = work;
        members = new Members(ring, ring);
        swarm = new Swarm(ring.self().id(), members, RandomGenerator.of("L64X128MixRandom"));
        thread = Thread.ofPlatform().name("ringpull-swarm").daemon().unstarted(this::run);
    }

    /** Takes part from now on; {@link SwarmService} has to be told of it. */
    public static SwarmNode start(RingNode ring, String cluster, Work work) {
        SwarmNode node = new SwarmNode(ring, cluster, work);
        ring.onDeath(member -> node.heard(new Event.Down(member)));
        node.thread.start();
        return node;
    }

    /** Something happened here; waits if the swarm is far behind. */
    public void happened(Event event) throws InterruptedException {
        events.put(event);
    }

    /** Something was heard; false if the swarm is too far behind to hear more. */
    boolean heard(Event event) {
        return events.offer(event);
    }

    /** A member is not to be read from any more. */
    public void shun(MemberId member) {
        heard(new Event.Shunned(member));
    }

    /** Whether other members could take part in a swarm. */
    public boolean hasCompany() {
        return ring.order(COMPANY, 2).stream()
                .anyMatch(member -> !member.id().equals(ring.self().id()));
    }

    private static final ringpull.blob.Digest COMPANY =
            ringpull.blob.Digest.ofBytes(new byte[ringpull.blob.Digest.SIZE_BYTES]);

    public Optional<Member> member(MemberId id) {
        return members.find(id);
    }

    /** Messages sent to other members. */
    public long messagesSent() {
        return sent.get();
    }

    private void run() {
        long due = System.nanoTime();
        while (!closed) {
            try {
                Event event = events.poll(Math.max(0, due - System.nanoTime()), TimeUnit.NANOSECONDS);
                if (event != null) {
                    handle(event);
                }
                if (System.nanoTime() - due >= 0) {
                    boolean busy = swarm.busy();
                    due = System.nanoTime() + (busy ? TICK_NANOS : IDLE_NANOS);
                    if (busy) {
                        handle(new Event.Tick());
                    } else {
                        long now = System.nanoTime();
                        outboxes.values().removeIf(outbox -> outbox.unusedFor(OUTBOX_IDLE_NANOS, now));
                    }
                } else if (swarm.busy()) {
                    due = Math.min(due, System.nanoTime() + TICK_NANOS);
                }
            } catch (InterruptedException e) {
                return; // closed
            }
        }
    }

    private void handle(Event event) {
        try {
            swarm.handle(event, System.nanoTime()).forEach(this::perform);
        } catch (RuntimeException e) {
            LOG.error(
                    "the swarm failed on {}; it goes on without that",
                    event.getClass().getSimpleName(),
                    e);
        }
    }

    private void perform(Effect effect) {
        if (effect instanceof Effect.Send(MemberId to, ringpull.swarm.Message message)) {
            sent.incrementAndGet();
            Outbox outbox = outboxes.computeIfAbsent(to, id -> new Outbox());
            if (outbox.add(SwarmCodec.encode(message), System.nanoTime())) {
                tell(to, outbox);
            }
        } else {
            work.perform(effect);
        }
    }

    private void tell(MemberId to, Outbox outbox) {
        List<SwarmMessage> batch = outbox.next();
        if (batch.isEmpty()) {
            return;
        }
        Optional<Member> member = members.find(to);
        if (member.isEmpty()) {
            outbox.fail();
            heard(new Event.Undelivered(to));
            return;
        }
        Channel channel = ring.channel(member.get());
        SwarmTold told = SwarmTold.newBuilder()
                .setCluster(cluster)
                .setSender(SwarmCodec.bytes(ring.self().id()))
                .addAllMessages(batch)
                .build();
        SwarmGrpc.newStub(channel)
                .withDeadlineAfter(TELL_SECONDS, TimeUnit.SECONDS)
                .tell(told, new Told(member.get(), channel, outbox));
    }

    /** Hears how a call went; then the next one may begin. */
    private final class Told implements StreamObserver<SwarmHeard> {
        private final Member to;
        private final Channel channel;
        private final Outbox outbox;

        Told(Member to, Channel channel, Outbox outbox) {
            this.to = to;
            this.channel = channel;
            this.outbox = outbox;
        }

        @Override
        public void onNext(SwarmHeard heard) {}

        @Override
        public void onCompleted() {
            tell(to.id(), outbox);
        }

        @Override
        public void onError(Throwable failure) {
            Status status = Status.fromThrowable(failure);
            LOG.debug("swarm messages to {}: {}", to.name(), status);
            switch (status.getCode()) {
                case RESOURCE_EXHAUSTED, INVALID_ARGUMENT -> tell(to.id(), outbox);
                default -> {
                    ring.discard(to, channel);
                    outbox.fail();
                    heard(new Event.Undelivered(to.id()));
                }
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(CLOSE_WAIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
