package ringpull.tls;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connections with other members that are open, so that those can be closed whose other side is trusted no more. */
final class PeerConnections {
    private static final Logger log = LoggerFactory.getLogger(PeerConnections.class);
    private static final String CHAIN_TYPE = "UNKNOWN";

    private final Set<Channel> open = ConcurrentHashMap.newKeySet();

    void add(Channel channel) {
        open.add(channel);
        channel.closeFuture().addListener(closed -> open.remove(channel));
    }

    int count() {
        return open.size();
    }

    /** Closes connections whose other side this does not trust, and those that have not agreed on TLS yet. */
    void recheck(MemberTrust trust) {
        open.forEach(channel -> recheck(channel, trust));
    }

    void recheck(Channel channel, MemberTrust trust) {
        SslHandler handler = channel.pipeline().get(SslHandler.class);
        if (handler == null || !handler.handshakeFuture().isSuccess() || !trusts(trust, handler.engine())) {
            log.info(
                    "closes the connection with {}: it was made under certificates or a list of revocations that"
                            + " changed",
                    channel.remoteAddress());
            var _ = channel.close();
        }
    }

    private static boolean trusts(MemberTrust trust, SSLEngine engine) {
        try {
            Certificate[] certificates = engine.getSession().getPeerCertificates();
            X509Certificate[] chain = Arrays.copyOf(certificates, certificates.length, X509Certificate[].class);
            if (engine.getUseClientMode()) {
                trust.checkServerTrusted(chain, CHAIN_TYPE);
            } else {
                trust.checkClientTrusted(chain, CHAIN_TYPE);
            }
            return true;
        } catch (SSLPeerUnverifiedException | CertificateException | ArrayStoreException e) {
            return false;
        }
    }
}
