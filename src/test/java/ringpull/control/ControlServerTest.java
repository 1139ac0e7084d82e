package ringpull.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Context;
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
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.v1.ControlGrpc;
import ringpull.v1.HoldersRequest;
import ringpull.v1.ImagePullEvent;
import ringpull.v1.ImagePullRequest;
import ringpull.v1.StatusRequest;

@Timeout(60)
class ControlServerTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void answersOverEpollAndNio(boolean epoll) throws IOException {
        try (TestDaemon daemon = new TestDaemon(directory, epoll);
                Client client = new Client(daemon.socket)) {
            assertThat(client.stub().status(StatusRequest.getDefaultInstance()).getVersion())
                    .isEqualTo("1.2.3");
        }
    }

    @Test
    void ownerAndGroupMayUseTheSocketAndNobodyElse() throws IOException {
        try (TestDaemon daemon = new TestDaemon(directory)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(daemon.socket)))
                    .isEqualTo("rw-rw----");
        }
    }

    @Test
    void closingTakesTheSocketAway() throws IOException {
        TestDaemon daemon = new TestDaemon(directory);
        daemon.close();

        assertThat(daemon.socket).doesNotExist();
    }

    @Test
    void socketThatNobodyAnswersOnIsReplaced() throws IOException {
        Path socket = Files.createDirectories(directory.resolve("run")).resolve("control.sock");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();

        try (TestDaemon daemon = new TestDaemon(directory);
                Client client = new Client(daemon.socket)) {
            assertThat(client.stub().status(StatusRequest.getDefaultInstance()).getVersion())
                    .isNotEmpty();
        }
    }

    @Test
    void socketOfALivingDaemonIsLeftAlone() throws IOException {
        try (TestDaemon daemon = new TestDaemon(directory);
                Client client = new Client(daemon.socket)) {
            assertThatThrownBy(() -> new TestDaemon(directory))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another daemon answers on the control socket " + daemon.socket)
                    .hasMessageContaining("[node] control_socket");

            assertThat(client.stub().status(StatusRequest.getDefaultInstance()).getVersion())
                    .isNotEmpty();
        }
    }

    @Test
    void fileInTheSocketsPlaceIsLeftAlone() throws IOException {
        Path file = Files.createDirectories(directory.resolve("run")).resolve("control.sock");
        Files.writeString(file, "precious");

        assertThatThrownBy(() -> new TestDaemon(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a socket");
        assertThat(file).hasContent("precious");
    }

    @Test
    void tooLongAPathNamesTheKeyToChange() {
        assertThatThrownBy(() -> new TestDaemon(directory.resolve("x".repeat(108))))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("may have 107")
                .hasMessageContaining("[node] control_socket");
    }

    @Test
    void overlongReferenceIsRefusedWithoutRepeatingIt() throws IOException {
        try (TestDaemon daemon = new TestDaemon(directory);
                Client client = new Client(daemon.socket)) {
            HoldersRequest request =
                    HoldersRequest.newBuilder().setReference("a".repeat(10_000)).build();

            assertThatThrownBy(() -> client.stub().holders(request))
                    .isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
                        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
                        assertThat(e.getStatus().getDescription()).hasSizeLessThan(200);
                    });
        }
    }

    @Test
    void overlargeRequestIsRefused() throws IOException {
        try (TestDaemon daemon = new TestDaemon(directory);
                Client client = new Client(daemon.socket)) {
            HoldersRequest request = HoldersRequest.newBuilder()
                    .setReference("a".repeat(100_000))
                    .build();

            assertThatThrownBy(() -> client.stub().holders(request))
                    .isInstanceOfSatisfying(
                            StatusRuntimeException.class,
                            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
        }
    }

    @Test
    void pullsAreBoundedAndOnesWhoseCallerWentAwayMakeRoom() throws IOException, InterruptedException {
        try (TestDaemon daemon = new TestDaemon(directory)) {
            byte[] layer = TestImages.bytes(3 << 20, 1);
            daemon.publish(layer);
            byte[] config = TestImages.bytes(10, 2);
            daemon.publish(config);
            daemon.publish("latest", TestImages.manifest(config, layer));
            daemon.origin.holdFrom(1 << 20);
            ImagePullRequest request = ImagePullRequest.newBuilder()
                    .setImage("registry.example/team/image")
                    .build();

            try (Client client = new Client(daemon.socket)) {
                List<Context.CancellableContext> callers = new ArrayList<>();
                for (int i = 0; i < ControlService.PULLS_MAX; i++) {
                    Context.CancellableContext caller = Context.current().withCancellation();
                    callers.add(caller);
                    Iterator<ImagePullEvent> events =
                            caller.wrap(() -> client.stub().pull(request)).call();
                    assertThat(events.hasNext()).isTrue();
                }
                assertThatThrownBy(() -> client.stub().pull(request).hasNext())
                        .isInstanceOf(StatusRuntimeException.class)
                        .hasMessageContaining(ControlService.PULLS_MAX + " pulls run already");

                callers.forEach(caller -> caller.cancel(null));
                awaitRoomForAPull(client, request);
            } catch (Exception e) {
                throw new AssertionError(e);
            } finally {
                daemon.origin.holdFrom(Long.MAX_VALUE);
            }
        }
    }

    private static void awaitRoomForAPull(Client client, ImagePullRequest request) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < end) {
            try {
                if (client.stub().pull(request).hasNext()) {
                    return;
                }
            } catch (StatusRuntimeException e) {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
        throw new AssertionError("pulls of callers that went away still count");
    }

    /** A plain gRPC client. */
    private static final class Client implements AutoCloseable {
        private final EventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        private final ManagedChannel channel;

        Client(Path socket) {
            channel = NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
                    .channelType(NioDomainSocketChannel.class)
                    .withOption(ChannelOption.SO_KEEPALIVE, null)
                    .eventLoopGroup(eventLoop)
                    .overrideAuthority("localhost")
                    .usePlaintext()
                    .build();
        }

        ControlGrpc.ControlBlockingStub stub() {
            return ControlGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
        }

        @Override
        public void close() {
            channel.shutdownNow();
            eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
