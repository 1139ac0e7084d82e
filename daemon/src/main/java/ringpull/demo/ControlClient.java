package ringpull.demo;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import ringpull.v1.ControlGrpc;
import ringpull.v1.HoldersReply;
import ringpull.v1.HoldersRequest;
import ringpull.v1.StatusReply;
import ringpull.v1.StatusRequest;

/** Asks a daemon over its control socket what the command line asks. Safe for many threads. */
public final class ControlClient implements AutoCloseable {
    private static final Duration ANSWER_WAIT = Duration.ofSeconds(20);
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

    private final Path socket;
    private final EventLoopGroup threads = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final ManagedChannel channel;

    /** Connects with the first question. */
    public ControlClient(Path socket) {
        this.socket = socket;
        channel = NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
                .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
                .eventLoopGroup(threads)
                .overrideAuthority("localhost")
                .usePlaintext()
                .build();
    }

    /**
     * Who holds it.
     *
     * @param reference a digest, or an image reference
     * @throws IOException with the daemon's reason, if it does not answer or knows no such thing
     */
    public HoldersReply holders(String reference) throws IOException {
        return ask(stub ->
                stub.holders(HoldersRequest.newBuilder().setReference(reference).build()));
    }

    /** How the daemon is. */
    public StatusReply status() throws IOException {
        return ask(stub -> stub.status(StatusRequest.getDefaultInstance()));
    }

    private <T> T ask(Function<ControlGrpc.ControlBlockingStub, T> question) throws IOException {
        try {
            return question.apply(ControlGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(ANSWER_WAIT.toMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException e) {
            throw new IOException("the daemon on " + socket + " answers: " + e.getStatus(), e);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
        threads.shutdownGracefully(0, CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSE_WAIT.toMillis());
    }
}
