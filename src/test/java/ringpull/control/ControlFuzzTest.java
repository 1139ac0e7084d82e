package ringpull.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.fuzz.Fuzz;
import ringpull.v1.ControlGrpc;
import ringpull.v1.HoldersRequest;
import ringpull.v1.ImagePullRequest;
import ringpull.v1.TraceRequest;

/** What may come over the control socket: each call ends in a reason, and in none that means a defect. */
class ControlFuzzTest {
    private static final String DIGEST = "sha256:" + "0123456789abcdef".repeat(4);

    @TempDir
    Path directory;

    private interface Call {
        void make(ControlGrpc.ControlBlockingStub stub) throws InvalidProtocolBufferException;
    }

    @Test
    void holdersTracesAndPulls() throws IOException {
        EventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try (TestDaemon daemon = new TestDaemon(directory)) {
            ManagedChannel channel = NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(daemon.socket))
                    .channelType(NioDomainSocketChannel.class)
                    .withOption(ChannelOption.SO_KEEPALIVE, null)
                    .eventLoopGroup(eventLoop)
                    .overrideAuthority("localhost")
                    .usePlaintext()
                    .build();
            ControlGrpc.ControlBlockingStub stub = ControlGrpc.newBlockingStub(channel);
            for (String reference : new String[] {DIGEST, "docker.io/library/debian:12", "debian@" + DIGEST}) {
                byte[] holders = HoldersRequest.newBuilder()
                        .setReference(reference)
                        .setPlatform("linux/arm64/v8")
                        .build()
                        .toByteArray();
                new Fuzz("Control " + reference, InvalidProtocolBufferException.class)
                        .with(holders)
                        .inputs(1_000)
                        .longest(8 << 10)
                        .bytes(input -> {
                            end(stub, s -> s.holders(HoldersRequest.parseFrom(input)));
                            end(stub, s -> s.trace(TraceRequest.parseFrom(input)));
                            end(
                                    stub,
                                    s -> s.pull(ImagePullRequest.parseFrom(input))
                                            .forEachRemaining(event -> {}));
                        });
            }
            channel.shutdownNow();
        } finally {
            eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private static void end(ControlGrpc.ControlBlockingStub stub, Call call) throws InvalidProtocolBufferException {
        try {
            call.make(stub.withDeadlineAfter(30, TimeUnit.SECONDS));
        } catch (StatusRuntimeException e) {
            assertThat(e.getStatus().getCode())
                    .as(e.getMessage())
                    .isIn(
                            Status.Code.NOT_FOUND,
                            Status.Code.INVALID_ARGUMENT,
                            Status.Code.FAILED_PRECONDITION,
                            Status.Code.RESOURCE_EXHAUSTED);
        }
    }
}
