package ringpull.ring.wire;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ringpull.tls.PeerIdentity;
import ringpull.v1.AdmissionGrpc;
import ringpull.v1.AdmitReply;
import ringpull.v1.AdmitRequest;

/** Answers members that want a session for the plain-text data port; who asks is what their certificate says. */
final class AdmissionService extends AdmissionGrpc.AdmissionImplBase {
    private final Senders senders;
    private volatile @Nullable Admitter admitter;

    /** Refuses all until {@link #serve}. */
    AdmissionService(Senders senders) {
        this.senders = senders;
    }

    void serve(Admitter by) {
        admitter = by;
    }

    @Override
    public void admit(AdmitRequest request, StreamObserver<AdmitReply> asker) {
        Admitter by = admitter;
        Optional<PeerIdentity> caller = senders.caller();
        if (by == null) {
            refuse(asker, "the data port of this member needs no session");
        } else if (caller.isEmpty()) {
            refuse(asker, "a session is for those with a certificate");
        } else {
            asker.onNext(by.admit(caller.get().memberId()));
            asker.onCompleted();
        }
    }

    private static void refuse(StreamObserver<AdmitReply> asker, String why) {
        asker.onError(Status.FAILED_PRECONDITION.withDescription(why).asRuntimeException());
    }
}
