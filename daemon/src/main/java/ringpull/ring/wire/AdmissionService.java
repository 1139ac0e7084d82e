package ringpull.ring.wire;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.util.HexFormat;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import ringpull.v1.AdmissionGrpc;
import ringpull.v1.AdmitReply;
import ringpull.v1.AdmitRequest;

/** Answers members that want a session for the plain-text data port; who asks is what their certificate says. */
final class AdmissionService extends AdmissionGrpc.AdmissionImplBase {
    private static final Context.Key<String> CALLER = Context.key("ringpull.caller");

    private volatile @Nullable Admitter admitter;

    private AdmissionService() {}

    /** Refuses all until {@link #serve}. */
    static AdmissionService refusing() {
        return new AdmissionService();
    }

    void serve(Admitter by) {
        admitter = by;
    }

    ServerServiceDefinition withCallers() {
        return ServerInterceptors.intercept(this, new Callers());
    }

    @Override
    public void admit(AdmitRequest request, StreamObserver<AdmitReply> asker) {
        Admitter by = admitter;
        String caller = CALLER.get();
        if (by == null || caller == null) {
            String why = by == null
                    ? "the data port of this member needs no session"
                    : "a session is for those with a certificate";
            asker.onError(Status.FAILED_PRECONDITION.withDescription(why).asRuntimeException());
            return;
        }
        asker.onNext(by.admit(caller));
        asker.onCompleted();
    }

    /** Finds out whose certificate a call's connection has. */
    private static final class Callers implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
            String fingerprint = session == null ? null : fingerprint(session);
            return Contexts.interceptCall(Context.current().withValue(CALLER, fingerprint), call, headers, next);
        }

        private static @Nullable String fingerprint(SSLSession session) {
            try {
                byte[] certificate = session.getPeerCertificates()[0].getEncoded();
                return HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate));
            } catch (SSLPeerUnverifiedException | CertificateEncodingException e) {
                return null;
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java has SHA-256", e);
            }
        }
    }
}
