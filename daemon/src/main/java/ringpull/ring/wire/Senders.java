package ringpull.ring.wire;

import io.grpc.Attributes;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.netty.NettyServerBuilder;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.ring.MemberId;
import ringpull.ring.Message;
import ringpull.tls.PeerIdentity;

/**
 * Where there are certificates, holds that nobody speaks as another: the sender of a message is the member that the
 * certificate of its connection names. For any thread.
 */
final class Senders {
    /** Past so many, impostors are only counted. */
    private static final int TOLD_MAX = 256;

    private static final Logger log = LoggerFactory.getLogger(Senders.class);
    private static final Attributes.Key<PeerIdentity> PEER = Attributes.Key.create("ringpull.peer");
    private static final Context.Key<Optional<PeerIdentity>> CALLER = Context.keyWithDefault("peer", Optional.empty());

    private final boolean certified;
    private final AtomicLong refused = new AtomicLong();
    private final Set<String> told = ConcurrentHashMap.newKeySet();

    /** @param certified whether connections carry certificates; if not, senders are believed */
    Senders(boolean certified) {
        this.certified = certified;
    }

    /** A message's sender is not the member at the other end. */
    static final class Impostor extends Exception {
        private static final long serialVersionUID = 1;

        private Impostor(String message) {
            super(message);
        }
    }

    /** Makes the caller known to {@link #check(Message)}. */
    void install(NettyServerBuilder server) {
        server.addTransportFilter(new ServerTransportFilter() {
            @Override
            public Attributes transportReady(Attributes connection) {
                return identity(connection)
                        .map(peer -> connection.toBuilder().set(PEER, peer).build())
                        .orElse(connection);
            }
        });
        server.intercept(new ServerInterceptor() {
            @Override
            public <Q, A> ServerCall.Listener<Q> interceptCall(
                    ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                Optional<PeerIdentity> peer =
                        Optional.ofNullable(call.getAttributes().get(PEER));
                return Contexts.interceptCall(Context.current().withValue(CALLER, peer), call, headers, next);
            }
        });
    }

    /** Who asks, on the thread that gRPC hands the question over on; nobody, if the connection has no certificate. */
    Optional<PeerIdentity> caller() {
        return currentCaller();
    }

    static Optional<PeerIdentity> currentCaller() {
        return CALLER.get();
    }

    /** A question, on the thread that gRPC hands it over on. */
    void check(Message question) throws Impostor {
        check(CALLER.get(), question);
    }

    /** Whether the caller that gRPC hands over now may speak as this member. */
    static boolean isCaller(MemberId member) {
        return CALLER.get().map(peer -> peer.memberId().equals(member.hex())).orElse(true);
    }

    /** Whether this call was answered by this member, as far as that can be known. */
    boolean isOf(ClientCall<?, ?> call, MemberId member) {
        return !certified
                || identity(call.getAttributes())
                        .filter(peer -> peer.memberId().equals(member.hex()))
                        .isPresent();
    }

    /** An answer to this call. */
    void check(ClientCall<?, ?> call, Message answer) throws Impostor {
        check(identity(call.getAttributes()), answer);
    }

    private void check(Optional<PeerIdentity> peer, Message message) throws Impostor {
        if (!certified) {
            return;
        }
        MemberId sender = message.sender().member().id();
        if (peer.isPresent() && peer.get().memberId().equals(sender.hex())) {
            return;
        }
        refused.incrementAndGet();
        String who = peer.map(PeerIdentity::text).orElse("a connection without a certificate");
        if (told.size() < TOLD_MAX && told.add(who)) {
            log.warn("refused a message of {}, which speaks as member {}", who, sender.hex());
        }
        throw new Impostor("the sender is member " + sender + ", the certificate of the connection another's");
    }

    private static Optional<PeerIdentity> identity(@Nullable Attributes connection) {
        SSLSession session = connection == null ? null : connection.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        if (session == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(PeerIdentity.of(session));
        } catch (SSLPeerUnverifiedException e) {
            return Optional.empty();
        }
    }

    /** Messages that were refused for their sender. */
    long refused() {
        return refused.get();
    }
}
