package ringpull.containerd;

import containerd.services.content.v1.AbortRequest;
import containerd.services.content.v1.ContentGrpc;
import containerd.services.content.v1.ListStatusesRequest;
import containerd.services.namespaces.v1.ListNamespacesRequest;
import containerd.services.namespaces.v1.Namespace;
import containerd.services.namespaces.v1.NamespacesGrpc;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ringpull.blob.Digest;

/**
 * containerd's content store, over its socket, which only root may use as a rule. Calls block for half a minute at most.
 * For any thread.
 */
public final class ContentClient implements AutoCloseable {
    private static final Metadata.Key<String> NAMESPACE =
            Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER);
    private static final int REPLY_BYTES_MAX = 16 << 20;
    private static final long ANSWER_SECONDS_MAX = 30;

    private final Path socket;
    private final EventLoopGroup eventLoop;
    private final ManagedChannel channel;

    /**
     * An ingest: a blob that a client writes, or has begun to.
     *
     * @param ref its name; a pull's ends in the digest of the blob
     * @param offset bytes that are written
     * @param total bytes of the blob, 0 if not known
     */
    public record Ingest(String namespace, String ref, long offset, long total) {
        private static final Pattern PULLED = Pattern.compile("[a-z]+-(sha256:[0-9a-f]{64})");

        /** The blob that a pull writes here; empty: it is not named after one. */
        Optional<Digest> digest() {
            Matcher name = PULLED.matcher(ref);
            return name.matches() ? Optional.of(Digest.parse(name.group(1))) : Optional.empty();
        }
    }

    private ContentClient(Path socket) {
        this.socket = socket;
        this.eventLoop = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("containerd-client", true), NioIoHandler.newFactory());
        this.channel = NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
                .channelType(NioDomainSocketChannel.class)
                // gRPC sets it for TCP; null takes it away again, or Netty warns of it.
                .withOption(ChannelOption.SO_KEEPALIVE, null)
                .eventLoopGroup(eventLoop)
                .overrideAuthority("localhost")
                .usePlaintext()
                .maxInboundMessageSize(REPLY_BYTES_MAX)
                .build();
    }

    /**
     * Prepares to call containerd; it is reached with the first call.
     *
     * @throws IOException with a sentence, if the socket is not there or may not be used
     */
    public static ContentClient open(Path socket) throws IOException {
        if (!Files.exists(socket)) {
            throw new IOException("there is no socket " + socket + ": is containerd running, and with this address?");
        }
        if (!Files.isWritable(socket)) {
            throw new IOException("containerd's socket " + socket + " is for root only: run this as root");
        }
        return new ContentClient(socket);
    }

    /** Names of all namespaces. */
    public List<String> namespaces() throws IOException {
        return call(() -> NamespacesGrpc.newBlockingStub(channel)
                .withDeadlineAfter(ANSWER_SECONDS_MAX, TimeUnit.SECONDS)
                .list(ListNamespacesRequest.getDefaultInstance())
                .getNamespacesList()
                .stream()
                .map(Namespace::getName)
                .toList());
    }

    /** What is being written in a namespace, or was begun and left. */
    public List<Ingest> ingests(String namespace) throws IOException {
        return call(() ->
                content(namespace).listStatuses(ListStatusesRequest.getDefaultInstance()).getStatusesList().stream()
                        .map(status -> new Ingest(namespace, status.getRef(), status.getOffset(), status.getTotal()))
                        .toList());
    }

    /**
     * Throws an ingest away: the next pull begins anew.
     *
     * @return false if it is not there (any more)
     */
    public boolean abort(String namespace, String ref) throws IOException {
        return call(() -> {
            try {
                var _ = content(namespace)
                        .abort(AbortRequest.newBuilder().setRef(ref).build());
                return true;
            } catch (StatusRuntimeException e) {
                if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
                    return false;
                }
                throw e;
            }
        });
    }

    private ContentGrpc.ContentBlockingStub content(String namespace) {
        Metadata headers = new Metadata();
        headers.put(NAMESPACE, namespace);
        Channel named = ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
        return ContentGrpc.newBlockingStub(named).withDeadlineAfter(ANSWER_SECONDS_MAX, TimeUnit.SECONDS);
    }

    private <T> T call(Supplier<T> call) throws IOException {
        try {
            return call.get();
        } catch (StatusRuntimeException e) {
            Status status = e.getStatus();
            String words = status.getDescription() == null ? status.getCode().toString() : status.getDescription();
            throw new IOException("containerd at " + socket + " did not answer as it should: " + words, e);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
        var _ = eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
