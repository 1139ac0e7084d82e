package ringpull.swarm.wire;

import io.grpc.BindableService;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.ring.wire.ControlPort;
import ringpull.swarm.Event;
import ringpull.swarm.Message;
import ringpull.swarm.Statement;
import ringpull.v1.SwarmGrpc;
import ringpull.v1.SwarmHeard;
import ringpull.v1.SwarmMessage;
import ringpull.v1.SwarmTold;

/** Hears other members on the control port; until there is a {@link SwarmNode} it refuses. */
public final class SwarmService extends SwarmGrpc.SwarmImplBase implements BindableService {
    /** Messages in one call. */
    private static final int MESSAGES_MAX = Outbox.WAITING_MAX;

    private final String cluster;
    private volatile @Nullable Belief belief;
    private volatile @Nullable SwarmNode node;

    public SwarmService(String cluster) {
        this.cluster = cluster;
    }

    /** Hears from now on; until then it refuses. */
    public void serve(SwarmNode by, Belief judge) {
        belief = judge;
        node = by;
    }

    @Override
    public void tell(SwarmTold told, StreamObserver<SwarmHeard> asker) {
        SwarmNode hearing = node;
        Belief judge = belief;
        if (hearing == null || judge == null) {
            refuse(asker, Status.UNAVAILABLE, "this daemon is starting or stopping");
            return;
        }
        if (!told.getCluster().equals(cluster)) {
            refuse(asker, Status.FAILED_PRECONDITION, "this daemon belongs to another ring");
            return;
        }
        MemberId from;
        List<Message> messages = new ArrayList<>();
        try {
            from = SwarmCodec.member(told.getSender());
            if (told.getMessagesCount() > MESSAGES_MAX) {
                throw new IllegalArgumentException("more than " + MESSAGES_MAX + " messages");
            }
            for (SwarmMessage message : told.getMessagesList()) {
                if (message.getBodyCase() != SwarmMessage.BodyCase.BODY_NOT_SET) { // of a later release
                    messages.add(SwarmCodec.decode(message));
                }
            }
        } catch (IllegalArgumentException e) {
            refuse(asker, Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
            return;
        }
        if (!ControlPort.speaksAs(from) || hearing.member(from).isEmpty()) {
            refuse(asker, Status.FAILED_PRECONDITION, "this member does not know the sender");
            return;
        }
        for (Message message : messages) {
            Optional<Message> heard = believed(judge, from, message);
            if (heard.isPresent() && !hearing.heard(new Event.Received(from, heard.get()))) {
                refuse(asker, Status.RESOURCE_EXHAUSTED, "too much to do");
                return;
            }
        }
        asker.onNext(SwarmHeard.getDefaultInstance());
        asker.onCompleted();
    }

    /** A message without what does not count; empty: nothing is left of it. */
    private static Optional<Message> believed(Belief judge, MemberId from, Message message) {
        return switch (message) {
            case Message.Hello m
            when judge.hears(from) ->
                Optional.of(new Message.Hello(
                        m.digest(), m.reply(), m.have(), believed(judge, from, m.digest(), m.statements())));
            case Message.Have m
            when judge.hears(from) ->
                Optional.of(new Message.Have(m.digest(), m.runs(), believed(judge, from, m.digest(), m.statements())));
            case Message.Hello _, Message.Have _ -> Optional.empty();
            // Work for one that is not believed would have to be done again.
            case Message.Report m -> judge.hears(m.puller()) ? Optional.of(m) : Optional.empty();
            // What homes and registries' homes say is no claim about bytes.
            case Message.Grant _, Message.Bye _, Message.Probe _, Message.Alive _, Message.Need _, Message.Allow _ ->
                Optional.of(message);
        };
    }

    private static List<Statement> believed(Belief judge, MemberId from, Digest digest, List<Statement> statements) {
        List<Statement> believed = new ArrayList<>(statements.size());
        for (Statement statement : statements) {
            judge.believed(from, digest, statement).ifPresent(believed::add);
        }
        return List.copyOf(believed);
    }

    private static void refuse(StreamObserver<?> asker, Status status, String reason) {
        asker.onError(status.withDescription(reason).asRuntimeException());
    }
}
