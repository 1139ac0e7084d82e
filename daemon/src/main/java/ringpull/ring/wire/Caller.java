package ringpull.ring.wire;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ringpull.ring.Address;
import ringpull.ring.Event;
import ringpull.ring.Message;
import ringpull.v1.RingGrpc;
import ringpull.v1.RingMessage;

/** Asks members over gRPC: each address of one in turn, until one answers or the time is over. */
final class Caller {
    private final Channels channels;
    private final Senders senders;
    private final Consumer<Event> events;

    Caller(Channels channels, Senders senders, Consumer<Event> events) {
        this.channels = channels;
        this.senders = senders;
        this.events = events;
    }

    void call(long call, List<Address> to, RingMessage question, long timeoutNanos) {
        new Attempt(call, to, question, System.nanoTime() + timeoutNanos, 0).start();
    }

    private final class Attempt implements StreamObserver<RingMessage> {
        private final long call;
        private final List<Address> to;
        private final RingMessage question;
        private final long until;
        private final int index;
        private final ManagedChannel channel;
        private final ClientCall<RingMessage, RingMessage> exchange;
        private @Nullable Event answer;

        private Attempt(long call, List<Address> to, RingMessage question, long until, int index) {
            this.call = call;
            this.to = to;
            this.question = question;
            this.until = until;
            this.index = index;
            channel = channels.to(to.get(index));
            long share = (until - System.nanoTime()) / (to.size() - index);
            exchange = channel.newCall(
                    RingGrpc.getExchangeMethod(),
                    CallOptions.DEFAULT.withDeadlineAfter(Math.max(1, share), TimeUnit.NANOSECONDS));
        }

        private void start() {
            ClientCalls.asyncUnaryCall(exchange, question, this);
        }

        @Override
        public void onNext(RingMessage wire) {
            try {
                Message message = Codec.decode(wire);
                senders.check(exchange, message);
                answer = new Event.Answered(call, message);
            } catch (IllegalArgumentException e) {
                answer = new Event.Failed(call, "its answer makes no sense: " + e.getMessage());
            } catch (Senders.Impostor e) {
                answer = new Event.Failed(call, String.valueOf(e.getMessage()));
            }
        }

        @Override
        public void onCompleted() {
            events.accept(answer == null ? new Event.Failed(call, "an empty answer") : answer);
        }

        @Override
        public void onError(Throwable failure) {
            Status status = Status.fromThrowable(failure);
            boolean unreachable = switch (status.getCode()) {
                case UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN -> true;
                default -> false;
            };
            if (unreachable) {
                channels.discard(to.get(index), channel);
            }
            if (unreachable && index + 1 < to.size()) {
                new Attempt(call, to, question, until, index + 1).start();
            } else {
                events.accept(new Event.Failed(call, reason(status)));
            }
        }
    }

    /** In words for people. */
    static String reason(Status status) {
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            return "no answer in time";
        }
        Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        String why = cause == null ? status.getDescription() : cause.getMessage();
        return why == null ? status.getCode().toString() : why;
    }
}
