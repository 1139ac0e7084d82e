package ringpull.swarm.wire;

import io.grpc.BindableService;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringpull.ring.MemberId;
import ringpull.ring.wire.ControlPort;
import ringpull.swarm.Event;
import ringpull.swarm.Message;
import ringpull.v1.SwarmGrpc;
import ringpull.v1.SwarmHeard;
import ringpull.v1.SwarmMessage;
import ringpull.v1.SwarmTold;

/** Hears other members on the control port; until there is a {@link SwarmNode} it refuses. */
public final class SwarmService extends SwarmGrpc.SwarmImplBase implements BindableService {
    /** Messages in one call. */
    private static final int MESSAGES_MAX = Outbox.WAITING_MAX;

    private final String cluster;
    private volatile @Nullable SwarmNode node;

    public SwarmService(String cluster) {
        this.cluster = cluster;
    }

    public void serve(SwarmNode by) {
        node = by;
    }

    @Override
    public void tell(SwarmTold told, StreamObserver<SwarmHeard> asker) {
        SwarmNode hearing = node;
        if (hearing == null) {
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
            if (!hearing.heard(new Event.Received(from, message))) {
                refuse(asker, Status.RESOURCE_EXHAUSTED, "too much to do");
                return;
            }
        }
        asker.onNext(SwarmHeard.getDefaultInstance());
        asker.onCompleted();
    }

    private static void refuse(StreamObserver<?> asker, Status status, String reason) {
        asker.onError(status.withDescription(reason).asRuntimeException());
    }
}
