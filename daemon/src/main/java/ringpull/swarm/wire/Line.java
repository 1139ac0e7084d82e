package ringpull.swarm.wire;

import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.v1.SwarmGrpc;
import ringpull.v1.SwarmHeard;
import ringpull.v1.SwarmMessage;
import ringpull.v1.SwarmTold;

/**
 * Tells one member what there is to say, on one call that stays open: a call a message costs several times as much at both
 * ends. What is said while the member has not heard the last of it goes together after that. Safe for many threads.
 */
final class Line {
    /** How long a member may take to hear. */
    private static final long HEAR_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final Logger LOG = LoggerFactory.getLogger(Line.class);

    private final MemberId to;
    private final Network network;
    private final Outbox outbox = new Outbox();
    private @Nullable Call call;

    /** The members and the connections to them. For any thread. */
    interface Network {
        Optional<Member> find(MemberId member);

        /** The connection to a member, which may be another one than before. */
        Channel channel(Member member);

        SwarmTold told(List<SwarmMessage> messages);

        /** Whether calls may stay open while nothing is said; there may be more members than connections. */
        boolean mayStayOpen();

        /** Calls on this connection fail. */
        void failed(Member member, Channel channel);

        /** What was said to a member may not have been heard. */
        void undelivered(MemberId member);
    }

    Line(MemberId to, Network network) {
        this.to = to;
        this.network = network;
    }

    void say(SwarmMessage message, long nowNanos) {
        if (outbox.add(message, nowNanos)) {
            next();
        }
    }

    /** Ends what hangs; true if nothing is said any more, and then the line is not to be used again. */
    boolean isOver(long nowNanos) {
        boolean unused = outbox.unusedFor(IDLE_NANOS, nowNanos);
        Call open;
        synchronized (this) {
            open = call;
        }
        if (open != null && open.isLate(nowNanos)) {
            open.cancel();
        }
        if (unused) {
            hangUp();
        }
        return unused;
    }

    /** Says what waits. Called by whom the outbox chose, or when the last was heard: never twice at a time. */
    private void next() {
        List<SwarmMessage> batch = outbox.next();
        if (batch.isEmpty()) {
            return;
        }
        Optional<Member> member = network.find(to);
        if (member.isEmpty()) {
            hangUp();
            fail();
            return;
        }
        Channel channel = network.channel(member.get());
        SwarmTold told = network.told(batch);
        Call open;
        synchronized (this) {
            open = call;
        }
        if (open != null && open.channel.equals(channel) && open.say(told)) {
            return;
        }
        hangUp(); // its connection is on its way out
        open = new Call(member.get(), channel);
        open.begin();
        synchronized (this) {
            call = open;
        }
        if (!open.say(told)) {
            fail();
        }
    }

    private void fail() {
        outbox.fail();
        network.undelivered(to);
    }

    private void hangUp() {
        Call open;
        synchronized (this) {
            open = call;
            call = null;
        }
        if (open != null) {
            open.end();
        }
    }

    private synchronized void forget(Call ended) {
        if (call == ended) {
            call = null;
        }
    }

    /** One call. Its callbacks come on the event loop of its connection. */
    private final class Call implements ClientResponseObserver<SwarmTold, SwarmHeard> {
        private final Member member;
        private final Channel channel;
        private @Nullable ClientCallStreamObserver<SwarmTold> sending;
        private boolean unheard;
        private boolean closed;
        private long saidNanos;

        Call(Member member, Channel channel) {
            this.member = member;
            this.channel = channel;
        }

        void begin() {
            var _ = SwarmGrpc.newStub(channel)
                    .withExecutor(MoreExecutors.directExecutor())
                    .tell(this);
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<SwarmTold> stream) {
            sending = stream;
        }

        private ClientCallStreamObserver<SwarmTold> sending() {
            return Objects.requireNonNull(sending, "it was started");
        }

        /** False if it has ended; else it will be heard, or the call ends. */
        boolean say(SwarmTold told) {
            synchronized (this) {
                if (closed) {
                    return false;
                }
                unheard = true;
                saidNanos = System.nanoTime();
            }
            sending().onNext(told); // no more than one is on its way, so that there is room
            return true;
        }

        synchronized boolean isLate(long nowNanos) {
            return unheard && nowNanos - saidNanos > HEAR_NANOS;
        }

        /** True once for each that was said. */
        private synchronized boolean hears() {
            boolean heard = unheard;
            unheard = false;
            return heard;
        }

        /** As {@link #hears}, for the last time. */
        private synchronized boolean closes() {
            closed = true;
            return hears();
        }

        void end() {
            sending().onCompleted();
        }

        void cancel() {
            sending().cancel("does not hear", null);
        }

        @Override
        public void onNext(SwarmHeard heard) {
            if (hears()) {
                if (!network.mayStayOpen()) {
                    hangUp();
                }
                next();
            }
        }

        @Override
        public void onCompleted() {
            forget(this);
            if (closes()) {
                next(); // what was said last is lost, as any message may be
            }
        }

        @Override
        public void onError(Throwable failure) {
            forget(this);
            Status status = Status.fromThrowable(failure);
            LOG.debug("swarm messages to {}: {}", member.name(), status);
            boolean refused = switch (status.getCode()) {
                case RESOURCE_EXHAUSTED, INVALID_ARGUMENT -> true;
                default -> false;
            };
            if (!refused) {
                network.failed(member, channel);
            }
            if (closes()) {
                if (refused) {
                    next();
                } else {
                    fail();
                }
            }
        }
    }
}
