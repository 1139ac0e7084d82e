package ringpull.cli;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import ringpull.v1.ControlGrpc;
import ringpull.v1.HoldersReply;
import ringpull.v1.HoldersRequest;
import ringpull.v1.ImagePullEvent;
import ringpull.v1.ImagePullRequest;
import ringpull.v1.MembersReply;
import ringpull.v1.MembersRequest;
import ringpull.v1.RingOrderReply;
import ringpull.v1.RingOrderRequest;
import ringpull.v1.StatusReply;
import ringpull.v1.StatusRequest;
import ringpull.v1.TraceReply;
import ringpull.v1.TraceRequest;
import ringpull.v1.VerifyEvent;
import ringpull.v1.VerifyRequest;

/** The daemon on this node, as commands see it. Used by one thread. */
public final class ControlClient implements AutoCloseable {
    /** As in the daemon: Linux takes no longer path for a socket. */
    private static final int SOCKET_PATH_BYTES_MAX = 107;

    private static final int REPLY_BYTES_MAX = 32 << 20;

    /** Longest wait for an answer: the daemon may have to fetch an image's manifests first. */
    private static final long ANSWER_SECONDS_MAX = 120;

    private final Path socket;
    private final EventLoopGroup eventLoop;
    private final ManagedChannel channel;

    private ControlClient(Path socket) {
        this.socket = socket;
        this.eventLoop = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("control-client", true), NioIoHandler.newFactory());
        this.channel = NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
                .channelType(NioDomainSocketChannel.class)
                // gRPC sets it for TCP; null takes it away again, or Netty warns of it on standard error.
                .withOption(ChannelOption.SO_KEEPALIVE, null)
                .eventLoopGroup(eventLoop)
                .overrideAuthority("localhost")
                .usePlaintext()
                .directExecutor()
                .maxInboundMessageSize(REPLY_BYTES_MAX)
                .build();
    }

    /** Prepares to call the daemon; it is reached with the first call. */
    public static ControlClient open(Path socket) throws CommandFailed {
        if (socket.toString().getBytes(StandardCharsets.UTF_8).length > SOCKET_PATH_BYTES_MAX) {
            throw new CommandFailed(
                    ExitCode.WRONG_USAGE,
                    "no socket can have so long a path (more than " + SOCKET_PATH_BYTES_MAX + " bytes): " + socket);
        }
        if (!Files.exists(socket)) {
            throw noDaemon(socket, "there is no socket " + socket);
        }
        if (!Files.isWritable(socket)) {
            throw new CommandFailed(
                    ExitCode.FAILED,
                    "you may not use the control socket " + socket + ": run this as root or as a member of its group");
        }
        return new ControlClient(socket);
    }

    public StatusReply status() throws CommandFailed {
        return unary(stub -> stub.status(StatusRequest.getDefaultInstance()));
    }

    public MembersReply members() throws CommandFailed {
        return unary(stub -> stub.members(MembersRequest.getDefaultInstance()));
    }

    public HoldersReply holders(String reference, String platform) throws CommandFailed {
        HoldersRequest request = HoldersRequest.newBuilder()
                .setReference(reference)
                .setPlatform(platform)
                .build();
        return unary(stub -> stub.holders(request));
    }

    public RingOrderReply ringOrder(String digest, int limit) throws CommandFailed {
        RingOrderRequest request =
                RingOrderRequest.newBuilder().setDigest(digest).setLimit(limit).build();
        return unary(stub -> stub.ringOrder(request));
    }

    TraceReply trace(String reference, String platform) throws CommandFailed {
        TraceRequest request = TraceRequest.newBuilder()
                .setReference(reference)
                .setPlatform(platform)
                .build();
        return unary(stub -> stub.trace(request));
    }

    /** Pulls an image; hears every event until the result, however long that takes. */
    void pull(String image, String platform, Consumer<ImagePullEvent> listener) throws CommandFailed {
        ImagePullRequest request = ImagePullRequest.newBuilder()
                .setImage(image)
                .setPlatform(platform)
                .build();
        try {
            Iterator<ImagePullEvent> events =
                    ControlGrpc.newBlockingStub(channel).pull(request);
            events.forEachRemaining(listener);
        } catch (StatusRuntimeException e) {
            throw explain(e);
        }
    }

    /** Has blobs on disk proven again, all if none is named; hears every event until the result. */
    void verify(String digest, Consumer<VerifyEvent> listener) throws CommandFailed {
        VerifyRequest request = VerifyRequest.newBuilder().setDigest(digest).build();
        try {
            Iterator<VerifyEvent> events = ControlGrpc.newBlockingStub(channel).verify(request);
            events.forEachRemaining(listener);
        } catch (StatusRuntimeException e) {
            throw explain(e);
        }
    }

    private <T> T unary(Function<ControlGrpc.ControlBlockingStub, T> call) throws CommandFailed {
        try {
            return call.apply(
                    ControlGrpc.newBlockingStub(channel).withDeadlineAfter(ANSWER_SECONDS_MAX, TimeUnit.SECONDS));
        } catch (StatusRuntimeException e) {
            throw explain(e);
        }
    }

    private CommandFailed explain(StatusRuntimeException e) {
        Status status = e.getStatus();
        String words = status.getDescription() == null ? status.getCode().toString() : status.getDescription();
        return switch (status.getCode()) {
            case INVALID_ARGUMENT -> new CommandFailed(ExitCode.WRONG_USAGE, words);
            case NOT_FOUND -> new CommandFailed(ExitCode.NOT_FOUND, words);
            case UNAVAILABLE -> noDaemon(socket, "nobody answers on " + socket + " (" + words + ")");
            case UNIMPLEMENTED ->
                new CommandFailed(
                        ExitCode.FAILED,
                        "the daemon does not know this command, so it is of another version: restart it");
            case DEADLINE_EXCEEDED ->
                new CommandFailed(
                        ExitCode.FAILED,
                        "the daemon did not answer within " + ANSWER_SECONDS_MAX
                                + " s: see its log, and ringpull status");
            default -> new CommandFailed(ExitCode.FAILED, words);
        };
    }

    private static CommandFailed noDaemon(Path socket, String why) {
        return new CommandFailed(
                ExitCode.NO_DAEMON,
                "no daemon: " + why + ". Look at: systemctl status ringpull. If its socket is not " + socket
                        + ", name it with --socket or RINGPULL_SOCKET");
    }

    @Override
    public void close() {
        channel.shutdownNow();
        var _ = eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
