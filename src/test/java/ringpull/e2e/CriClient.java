package ringpull.e2e;

import containerd.runtime.v1.ImageServiceGrpc;
import containerd.runtime.v1.ImageSpec;
import containerd.runtime.v1.PullImageRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import ringpull.blob.ImageName;

/** Pulls as kubelet does: the CRI's PullImage over gRPC on containerd's socket. */
final class CriClient implements AutoCloseable {
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(10);

    private final EventLoopGroup threads = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ManagedChannel channel;

    CriClient(Path socket) {
        channel = NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
                .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
                .eventLoopGroup(threads)
                .overrideAuthority("localhost")
                .usePlaintext()
                .build();
    }

    /**
     * Pulls and unpacks an image.
     *
     * @return containerd's name of it: the digest of its config
     * @throws StatusRuntimeException with containerd's reason, or DEADLINE_EXCEEDED after {@code ceiling}
     */
    String pull(ImageName image, Duration ceiling) {
        PullImageRequest request = PullImageRequest.newBuilder()
                .setImage(ImageSpec.newBuilder().setImage(image.toString()))
                .build();
        return ImageServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(ceiling.toMillis(), TimeUnit.MILLISECONDS)
                .pullImage(request)
                .getImageRef();
    }

    @Override
    public void close() {
        channel.shutdownNow();
        threads.shutdownGracefully(0, CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSE_WAIT.toMillis());
    }
}
