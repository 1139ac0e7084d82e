package ringpull.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/** Gives each new connection the certificates that are in force then. */
final class LiveContext extends SslContext {
    private final Supplier<SslContext> current;
    private final Supplier<Consumer<Channel>> agreed;

    /** @param agreed asked when a connection begins, and told of it when both sides have agreed on TLS */
    LiveContext(Supplier<SslContext> current, Supplier<Consumer<Channel>> agreed) {
        this.current = current;
        this.agreed = agreed;
    }

    private SslHandler noted(Consumer<Channel> told, SslHandler handler) {
        handler.handshakeFuture().addListener(handshake -> {
            if (handshake.isSuccess() && handshake.getNow() instanceof Channel channel) {
                told.accept(channel);
            }
        });
        return handler;
    }

    @Override
    protected SslHandler newHandler(ByteBufAllocator allocator, boolean startTls) {
        Consumer<Channel> told = agreed.get();
        return noted(told, current.get().newHandler(allocator));
    }

    @Override
    protected SslHandler newHandler(ByteBufAllocator allocator, boolean startTls, Executor tasks) {
        Consumer<Channel> told = agreed.get();
        return noted(told, current.get().newHandler(allocator, tasks));
    }

    @Override
    protected SslHandler newHandler(ByteBufAllocator allocator, String host, int port, boolean startTls) {
        Consumer<Channel> told = agreed.get();
        return noted(told, current.get().newHandler(allocator, host, port));
    }

    @Override
    protected SslHandler newHandler(
            ByteBufAllocator allocator, String host, int port, boolean startTls, Executor tasks) {
        Consumer<Channel> told = agreed.get();
        return noted(told, current.get().newHandler(allocator, host, port, tasks));
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator) {
        return current.get().newEngine(allocator);
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator, String host, int port) {
        return current.get().newEngine(allocator, host, port);
    }

    @Override
    public boolean isClient() {
        return current.get().isClient();
    }

    @Override
    public List<String> cipherSuites() {
        return current.get().cipherSuites();
    }

    @Override
    @SuppressWarnings("deprecation") // abstract in SslContext all the same
    public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
        return current.get().applicationProtocolNegotiator();
    }

    @Override
    public SSLSessionContext sessionContext() {
        return current.get().sessionContext();
    }
}
