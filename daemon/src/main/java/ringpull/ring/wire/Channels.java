package ringpull.ring.wire;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContext;
import java.io.Closeable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.ring.Address;
import ringpull.ring.Limits;

/** Connections to other members' control ports: those used last are kept. For any thread. */
final class Channels implements Closeable {
    /** Connections that are kept. */
    static final int KEPT = 64;

    private static final int METADATA_BYTES = 8 << 10;
    static final long IDLE_MINUTES = 5;

    /** By least recent use. */
    private final LinkedHashMap<Address, ManagedChannel> channels = new LinkedHashMap<>(16, 0.75f, true);

    private final @Nullable SslContext tls;
    private final Executor executor;

    /** @param tls null: plain */
    Channels(@Nullable SslContext tls, Executor executor) {
        this.tls = tls;
        this.executor = executor;
    }

    synchronized ManagedChannel to(Address address) {
        ManagedChannel channel = channels.computeIfAbsent(address, this::connect);
        if (channels.size() > KEPT) {
            channels.pollFirstEntry().getValue().shutdown();
        }
        return channel;
    }

    /** Calls on it failed: the next one dials anew, instead of waiting for gRPC to retry. */
    synchronized void discard(Address address, ManagedChannel channel) {
        if (channels.remove(address, channel)) {
            channel.shutdown();
        }
    }

    /** Ends every connection once the calls on it have ended: the next ones are made with what is in force now. */
    synchronized void renew() {
        channels.values().forEach(ManagedChannel::shutdown);
        channels.clear();
    }

    /** A connection of its own, which the caller shuts down. */
    ManagedChannel connect(Address address) {
        NettyChannelBuilder builder = NettyChannelBuilder.forAddress(
                        new InetSocketAddress(InetAddress.ofLiteral(address.host()), address.port()))
                .overrideAuthority("ringpull")
                .executor(executor)
                .maxInboundMessageSize(Limits.MESSAGE_BYTES)
                .maxInboundMetadataSize(METADATA_BYTES)
                .idleTimeout(IDLE_MINUTES, TimeUnit.MINUTES)
                .disableRetry();
        return tls == null
                ? builder.usePlaintext().build()
                : builder.sslContext(tls).build();
    }

    @Override
    public synchronized void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
        channels.clear();
    }
}
