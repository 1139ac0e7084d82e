package ringpull.ring.wire;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import ringpull.ring.Limits;
import ringpull.ring.MemberId;
import ringpull.ring.Message;
import ringpull.tls.PeerIdentity;
import ringpull.tls.PeerTls;
import ringpull.v1.RingGrpc;
import ringpull.v1.RingMessage;

/**
 * The port on which members ask this one. Bound before the ring starts, because the ring tells the others which port it
 * is; until then questions are answered with UNAVAILABLE.
 */
public final class ControlPort implements Closeable {
    /** Questions that wait for their answers. */
    static final int EXCHANGES = 1_024;

    private static final int CALLS_PER_CONNECTION = 64;
    private static final int METADATA_BYTES = 8 << 10;
    private static final long CLOSE_WAIT_MILLIS = 200;

    private final Map<Long, StreamObserver<RingMessage>> open = new ConcurrentHashMap<>();
    private final AtomicLong lastExchange = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    /** Not shut down: gRPC's last callbacks come after the end, and its threads end with their tasks. */
    private final Executor threads = Executors.newVirtualThreadPerTaskExecutor();

    private final Optional<PeerTls> tls;
    private final Optional<WatchedLoops> loops;
    private final Senders senders;
    private final AdmissionService admissions;
    private final Server server;
    private volatile @Nullable Asked ring;

    /** Hears questions; false if it has no room for one more. */
    interface Asked {
        boolean asked(long exchange, Message message);
    }

    private ControlPort(InetSocketAddress address, Optional<PeerTls> tls, BindableService... services) {
        this.tls = tls;
        NettyServerBuilder builder = NettyServerBuilder.forAddress(address)
                .executor(threads)
                .maxInboundMessageSize(Limits.MESSAGE_BYTES)
                .maxInboundMetadataSize(METADATA_BYTES)
                .maxConcurrentCallsPerConnection(CALLS_PER_CONNECTION)
                .handshakeTimeout(10, TimeUnit.SECONDS)
                .addService(new Service());
        senders = new Senders(tls.isPresent());
        senders.install(builder);
        admissions = new AdmissionService(senders);
        builder.addService(admissions);
        for (BindableService service : services) {
            builder.addService(service);
        }
        loops = tls.map(certificates -> WatchedLoops.under(builder, certificates));
        server = builder.build();
    }

    /**
     * Listens; port 0 takes a free one.
     *
     * @param tls empty: plain, to be allowed by the configuration
     * @param services what members may ask beside the ring's questions, answered on virtual threads
     * @throws IOException naming the address, if it cannot be bound
     */
    public static ControlPort bind(InetSocketAddress address, Optional<PeerTls> tls, BindableService... services)
            throws IOException {
        ControlPort port = new ControlPort(address, tls, services);
        try {
            port.server.start();
        } catch (IOException e) {
            port.close();
            String why = String.valueOf(
                    e.getCause() == null ? e.getMessage() : e.getCause().getMessage());
            BindException failed = new BindException("[peer] control port " + text(address) + ": " + why);
            failed.initCause(e);
            throw failed;
        }
        return port;
    }

    /**
     * Whether the member whose call this thread answers may speak as this one: as its certificate says, where there are
     * certificates.
     */
    public static boolean speaksAs(MemberId member) {
        return Senders.isCaller(member);
    }

    /** The member whose call this thread answers, as its certificate says; nobody, where it has none. */
    public static Optional<String> caller() {
        return Senders.currentCaller().map(PeerIdentity::memberId);
    }

    private static String text(InetSocketAddress address) {
        String host = address.getHostString();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
    }

    /** Where it listens, with the real port. */
    public InetSocketAddress address() {
        return server.getListenSockets().stream()
                .map(InetSocketAddress.class::cast)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the control port is closed"));
    }

    /** From now on members with certificates get sessions for the data port. */
    public void admit(Admitter by) {
        admissions.serve(by);
    }

    Optional<PeerTls> tls() {
        return tls;
    }

    void serve(Asked asked) {
        ring = asked;
    }

    /** Messages that made no sense, or whose sender was another than their connection's certificate says. */
    long rejected() {
        return rejected.get() + senders.refused();
    }

    Senders senders() {
        return senders;
    }

    void answer(long exchange, RingMessage message) {
        StreamObserver<RingMessage> asker = open.remove(exchange);
        if (asker != null) {
            asker.onNext(message);
            asker.onCompleted();
        }
    }

    void refuse(long exchange, String reason) {
        StreamObserver<RingMessage> asker = open.remove(exchange);
        if (asker != null) {
            refuse(asker, Status.FAILED_PRECONDITION, reason);
        }
    }

    private static void refuse(StreamObserver<RingMessage> asker, Status status, String reason) {
        asker.onError(status.withDescription(reason).asRuntimeException());
    }

    private final class Service extends RingGrpc.RingImplBase {
        @Override
        public void exchange(RingMessage wire, StreamObserver<RingMessage> asker) {
            Asked asked = ring;
            if (asked == null) {
                refuse(asker, Status.UNAVAILABLE, "this daemon is starting or stopping");
                return;
            }
            Message message;
            try {
                message = Codec.decode(wire);
                senders.check(message);
            } catch (IllegalArgumentException e) {
                rejected.incrementAndGet();
                refuse(asker, Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
                return;
            } catch (Senders.Impostor e) {
                refuse(asker, Status.PERMISSION_DENIED, String.valueOf(e.getMessage()));
                return;
            }
            long exchange = lastExchange.incrementAndGet();
            if (asker instanceof ServerCallStreamObserver<RingMessage> call) {
                call.setOnCancelHandler(() -> open.remove(exchange));
            }
            open.put(exchange, asker);
            if (open.size() > EXCHANGES || !asked.asked(exchange, message)) {
                open.remove(exchange);
                refuse(asker, Status.RESOURCE_EXHAUSTED, "this daemon is busy");
            }
        }
    }

    /** Stops at once; questions that wait are refused. */
    @Override
    public void close() {
        ring = null;
        server.shutdownNow();
        try {
            server.awaitTermination(CLOSE_WAIT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        loops.ifPresent(WatchedLoops::close);
    }
}
