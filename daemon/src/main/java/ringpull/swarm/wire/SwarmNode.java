package ringpull.swarm.wire;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
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
import ringpull.blob.Digest;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.wire.RingNode;
import ringpull.swarm.Answers;
import ringpull.swarm.Effect;
import ringpull.swarm.Event;
import ringpull.swarm.Message;
import ringpull.swarm.Swarm;
import ringpull.v1.SwarmMessage;
import ringpull.v1.SwarmTold;

/**
 * This node's part in swarms: gives the pure {@link Swarm} its one thread, its time, its messages and its random numbers.
 * What a swarm wants done with bytes goes to a {@link Work}. Methods are for any thread.
 */
public final class SwarmNode implements Closeable {
    /** What members that take part in swarms announce among their transports. */
    public static final String TRANSPORT = "swarm";

    /** Events that wait for the swarm's thread. */
    private static final int EVENTS = 65_536;

    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Members to which a call stays open between two messages; less than connections are kept. */
    private static final int LINES_OPEN_MOST = 48;

    private static final Digest COMPANY = Digest.ofBytes(new byte[Digest.SIZE_BYTES]);
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(1);
    private static final Logger LOG = LoggerFactory.getLogger(SwarmNode.class);

    private final RingNode ring;
    private final String cluster;
    private final Members members;
    private final HomeAnswers homes;
    private final Swarm swarm;
    private final Work work;
    private final BlockingQueue<Event> events = new ArrayBlockingQueue<>(EVENTS);
    private final Map<MemberId, Line> lines = new ConcurrentHashMap<>();
    private final Network network = new Network();
    private final ByteString sender;
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
        sender = SwarmCodec.bytes(ring.self().id());
        members = new Members(ring, ring);
        homes = new HomeAnswers(ring, members, cluster);
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
        return members.order(COMPANY, "", 2).stream()
                .anyMatch(member -> !member.equals(ring.self().id()));
    }

    /** The way to the homes of tags and manifests. */
    public Answers homes() {
        return homes;
    }

    /** Whether this node ranks itself first, so that it may fetch for others. */
    public boolean isHome(Digest digest) {
        return homes.isHome(digest);
    }

    public Optional<Member> member(MemberId id) {
        return members.find(id);
    }

    /** Messages sent to other members. */
    public long messagesSent() {
        return sent.get();
    }

    private void run() {
        long due = System.nanoTime();
        long swept = due;
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
                    }
                    if (System.nanoTime() - swept > IDLE_NANOS) {
                        swept = System.nanoTime();
                        long now = swept;
                        lines.values().removeIf(line -> line.isOver(now));
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
        if (effect instanceof Effect.Send(MemberId to, Message message)) {
            sent.incrementAndGet();
            lines.computeIfAbsent(to, id -> new Line(id, network)).say(SwarmCodec.encode(message), System.nanoTime());
        } else {
            work.perform(effect);
        }
    }

    private final class Network implements Line.Network {
        @Override
        public Optional<Member> find(MemberId member) {
            return members.find(member);
        }

        @Override
        public Channel channel(Member member) {
            return ring.channel(member);
        }

        @Override
        public SwarmTold told(List<SwarmMessage> messages) {
            return SwarmTold.newBuilder()
                    .setCluster(cluster)
                    .setSender(sender)
                    .addAllMessages(messages)
                    .build();
        }

        @Override
        public boolean mayStayOpen() {
            return lines.size() <= LINES_OPEN_MOST;
        }

        @Override
        public void failed(Member member, Channel channel) {
            ring.discard(member, channel);
        }

        @Override
        public void undelivered(MemberId member) {
            heard(new Event.Undelivered(member));
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
