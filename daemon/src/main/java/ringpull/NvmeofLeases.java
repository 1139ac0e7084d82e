package ringpull;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.helper.Endpoint;
import ringpull.os.CpuPressure;
import ringpull.ring.Member;
import ringpull.ring.wire.ControlPort;
import ringpull.ring.wire.RingNode;
import ringpull.transport.ChunkSource;
import ringpull.transport.nvmeof.BusyHolders;
import ringpull.transport.nvmeof.Exports;
import ringpull.transport.nvmeof.Lease;
import ringpull.transport.nvmeof.Leasing;
import ringpull.transport.session.Session;
import ringpull.v1.NvmeofGrpc;
import ringpull.v1.NvmeofLease;
import ringpull.v1.NvmeofLeaseRequest;
import ringpull.v1.NvmeofLoad;
import ringpull.v1.NvmeofLoadRequest;
import ringpull.v1.NvmeofReleaseRequest;
import ringpull.v1.NvmeofReleased;

/** Leases of blobs as disks, carried by the ring's control channel; both ways, between the two packages' words. */
final class NvmeofLeases implements Leasing, BusyHolders.Asking {
    /** What a member announces from which blobs can be read so. */
    static final String NAME = "nvmeof";

    private static final long WAIT_MILLIS = 4_000;
    private static final int SESSION_BYTES = 16;
    private static final int UUID_BYTES = 16;

    private final RingNode ring;
    private final Admissions admissions;

    NvmeofLeases(RingNode ring, Admissions admissions) {
        this.ring = ring;
        this.admissions = admissions;
    }

    @Override
    public boolean offers(InetSocketAddress holder) {
        return admissions
                .member(holder)
                .filter(member -> member.transports().contains(NAME))
                .isPresent();
    }

    @Override
    public boolean isShortOfCpu(InetSocketAddress holder) throws IOException {
        Optional<Member> member = admissions.member(holder).filter(Admissions::servesRdma);
        if (member.isEmpty()) {
            return false;
        }
        try {
            return NvmeofGrpc.newBlockingStub(ring.channel(member.get()))
                    .withDeadlineAfter(WAIT_MILLIS, TimeUnit.MILLISECONDS)
                    .load(NvmeofLoadRequest.getDefaultInstance())
                    .getCpuShort();
        } catch (StatusRuntimeException e) {
            throw new IOException(member.get().name() + ": " + e.getStatus(), e);
        }
    }

    @Override
    public Session admit(InetSocketAddress holder) throws IOException, InterruptedException {
        return admissions.ask(holder);
    }

    @Override
    public Optional<Lease> lease(InetSocketAddress holder, Session session, Digest digest)
            throws IOException, InterruptedException {
        Member member = admissions.member(holder).orElseThrow(() -> new IOException(holder + " has left the ring"));
        Channel channel = ring.channel(member);
        NvmeofLease answer;
        try {
            answer = NvmeofGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(WAIT_MILLIS, TimeUnit.MILLISECONDS)
                    .lease(NvmeofLeaseRequest.newBuilder()
                            .setDigest(ByteString.copyFrom(digest.bytes()))
                            .setSession(ByteString.copyFrom(HexFormat.of().parseHex(session.id())))
                            .build());
        } catch (StatusRuntimeException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException("while " + member.name() + " was asked for a lease");
            }
            return noLease(member, channel, e);
        }
        return Optional.of(read(answer, member));
    }

    private Optional<Lease> noLease(Member member, Channel channel, StatusRuntimeException e) throws IOException {
        String why = member.name() + ": " + e.getStatus().getDescription();
        return switch (e.getStatus().getCode()) {
            case NOT_FOUND -> Optional.empty();
            case RESOURCE_EXHAUSTED -> throw new ChunkSource.Busy(why);
            case DEADLINE_EXCEEDED -> {
                ring.discard(member, channel);
                throw new IOException(why, e);
            }
            default -> throw new IOException(why, e);
        };
    }

    private static Lease read(NvmeofLease answer, Member member) throws IOException {
        try {
            if (answer.getNamespace().size() != UUID_BYTES) {
                throw new IllegalArgumentException(
                        "a name of " + answer.getNamespace().size() + " bytes");
            }
            ByteBuffer name = answer.getNamespace().asReadOnlyByteBuffer();
            Endpoint endpoint = new Endpoint(
                    Endpoint.Fabric.of(answer.getFabric()),
                    InetAddress.ofLiteral(member.addresses().getFirst()),
                    answer.getPort());
            return new Lease(
                    endpoint,
                    new UUID(name.getLong(), name.getLong()),
                    answer.getOffset(),
                    answer.getSizeBytes(),
                    Duration.ofMillis(answer.getLifetimeMillis()));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new IOException(member.name() + " gave a lease that makes no sense: " + e.getMessage(), e);
        }
    }

    @Override
    public void release(InetSocketAddress holder, Session session, UUID namespace) {
        Optional<Member> member = admissions.member(holder);
        if (member.isEmpty()) {
            return;
        }
        var _ = NvmeofGrpc.newFutureStub(ring.channel(member.get()))
                .withDeadlineAfter(WAIT_MILLIS, TimeUnit.MILLISECONDS)
                .release(NvmeofReleaseRequest.newBuilder()
                        .setSession(ByteString.copyFrom(HexFormat.of().parseHex(session.id())))
                        .setNamespace(bytes(namespace))
                        .build());
    }

    private static ByteString bytes(UUID name) {
        return ByteString.copyFrom(ByteBuffer.allocate(UUID_BYTES)
                .putLong(name.getMostSignificantBits())
                .putLong(name.getLeastSignificantBits())
                .flip());
    }

    /** Answers members; refuses all until told by whom blobs are shown. */
    static final class Service extends NvmeofGrpc.NvmeofImplBase {
        private static final String NOT_HERE = "this member shows no blobs over NVMe-oF";

        private final CpuPressure pressure;
        private volatile @Nullable Exports exports;

        Service(CpuPressure pressure) {
            this.pressure = pressure;
        }

        void serve(Exports by) {
            exports = by;
        }

        @Override
        public void lease(NvmeofLeaseRequest request, StreamObserver<NvmeofLease> asker) {
            Exports by = exports;
            Optional<String> caller = ControlPort.caller();
            if (by == null || caller.isEmpty()) {
                refuse(asker, Status.FAILED_PRECONDITION, NOT_HERE);
                return;
            }
            if (request.getDigest().size() != Digest.SIZE_BYTES
                    || request.getSession().size() != SESSION_BYTES) {
                refuse(asker, Status.INVALID_ARGUMENT, "no such blob or session");
                return;
            }
            try {
                Optional<Lease> lease = by.lease(
                        caller.get(),
                        HexFormat.of().formatHex(request.getSession().toByteArray()),
                        Digest.ofBytes(request.getDigest().toByteArray()));
                if (lease.isEmpty()) {
                    refuse(asker, Status.NOT_FOUND, "the blob is not held here whole");
                    return;
                }
                asker.onNext(write(lease.get()));
                asker.onCompleted();
            } catch (Exports.Refused e) {
                refuse(asker, Status.FAILED_PRECONDITION, e.getMessage());
            } catch (ChunkSource.Busy e) {
                refuse(asker, Status.RESOURCE_EXHAUSTED, e.getMessage());
            } catch (IOException e) {
                refuse(asker, Status.UNAVAILABLE, "the blob cannot be shown; the log there says why");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                refuse(asker, Status.UNAVAILABLE, "this member is stopping");
            }
        }

        private static NvmeofLease write(Lease lease) {
            return NvmeofLease.newBuilder()
                    .setFabric(lease.endpoint().fabric().word())
                    .setPort(lease.endpoint().port())
                    .setNamespace(bytes(lease.namespace()))
                    .setOffset(lease.offset())
                    .setSizeBytes(lease.sizeBytes())
                    .setLifetimeMillis(lease.lifetime().toMillis())
                    .build();
        }

        @Override
        public void release(NvmeofReleaseRequest request, StreamObserver<NvmeofReleased> asker) {
            Exports by = exports;
            Optional<String> caller = ControlPort.caller();
            if (by != null
                    && caller.isPresent()
                    && request.getSession().size() == SESSION_BYTES
                    && request.getNamespace().size() == UUID_BYTES) {
                ByteBuffer name = request.getNamespace().asReadOnlyByteBuffer();
                by.release(
                        caller.get(),
                        HexFormat.of().formatHex(request.getSession().toByteArray()),
                        new UUID(name.getLong(), name.getLong()));
            }
            asker.onNext(NvmeofReleased.getDefaultInstance());
            asker.onCompleted();
        }

        @Override
        public void load(NvmeofLoadRequest request, StreamObserver<NvmeofLoad> asker) {
            if (exports == null || ControlPort.caller().isEmpty()) {
                refuse(asker, Status.FAILED_PRECONDITION, NOT_HERE);
                return;
            }
            asker.onNext(NvmeofLoad.newBuilder().setCpuShort(pressure.isHigh()).build());
            asker.onCompleted();
        }

        private static void refuse(StreamObserver<?> asker, Status status, @Nullable String why) {
            asker.onError(status.withDescription(String.valueOf(why)).asRuntimeException());
        }
    }
}
