package ringpull.origin.oci;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.ClientProtocolException;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import ringpull.origin.OriginException;

/**
 * The connections of one named registry, or of all that are not named: nothing else travels on them, so that {@link
 * Egress} holds for connections that are used again too. Does one request, and nothing by itself: no redirects, retries, cookies, decompression or
 * authentication. Blocks; an interrupt of a virtual thread aborts. Thread-safe.
 */
final class HttpPool implements AutoCloseable {
    /** Connections to one host: the layers of several images at once. */
    private static final int PER_HOST_MAX = 32;

    private static final int TOTAL_MAX = 64;

    /** Bytes in one line of a header: signed URLs in Location are long. */
    private static final int HEADER_LINE_MAX = 16 << 10;

    private static final int HEADER_COUNT_MAX = 100;

    /** Idle connections are closed after this. */
    private static final Duration IDLE_MAX = Duration.ofSeconds(30);

    private final Egress egress;
    private final Surroundings.Timeouts timeouts;
    private final ScheduledThreadPoolExecutor deadlines;
    private final CloseableHttpClient client;

    /**
     * @param trust authorities by host; the system's for all others
     * @param deadlines cancels what takes too long; stays open
     */
    HttpPool(
            Egress egress,
            Map<String, SSLContext> trust,
            Surroundings surroundings,
            ScheduledThreadPoolExecutor deadlines) {
        this.egress = egress;
        this.timeouts = surroundings.timeouts();
        this.deadlines = deadlines;
        this.client = HttpClients.custom()
                .setConnectionManager(connections(egress, strategy(trust, surroundings.systemTrust()), timeouts))
                .setDefaultRequestConfig(RequestConfig.custom()
                        .setConnectionRequestTimeout(timeout(timeouts.pool()))
                        .setResponseTimeout(timeout(timeouts.silence()))
                        .setAuthenticationEnabled(false)
                        .setProtocolUpgradeEnabled(false)
                        .build())
                .setUserAgent("ringpull")
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableContentCompression()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableConnectionState()
                .build();
    }

    private static PoolingHttpClientConnectionManager connections(
            Egress egress, TlsSocketStrategy tls, Surroundings.Timeouts timeouts) {
        return PoolingHttpClientConnectionManagerBuilder.create()
                .setDnsResolver(egress)
                .setTlsSocketStrategy(tls)
                .setMaxConnPerRoute(PER_HOST_MAX)
                .setMaxConnTotal(TOTAL_MAX)
                .setConnectionFactory(ManagedHttpClientConnectionFactory.builder()
                        .http1Config(Http1Config.custom()
                                .setMaxLineLength(HEADER_LINE_MAX)
                                .setMaxHeaderCount(HEADER_COUNT_MAX)
                                .build())
                        .build())
                .setDefaultConnectionConfig(ConnectionConfig.custom()
                        .setConnectTimeout(timeout(timeouts.connect()))
                        .setSocketTimeout(timeout(timeouts.silence()))
                        .setValidateAfterInactivity(TimeValue.ZERO_MILLISECONDS)
                        .setIdleTimeout(timeout(IDLE_MAX))
                        .build())
                .setDefaultTlsConfig(TlsConfig.custom()
                        .setHandshakeTimeout(timeout(timeouts.connect()))
                        .build())
                .build();
    }

    private static TlsSocketStrategy strategy(Map<String, SSLContext> trust, SSLContext systemTrust) {
        return (socket, host, port, attachment, context) -> {
            SSLContext authorities = trust.getOrDefault(Site.bare(host), systemTrust);
            return new DefaultClientTlsStrategy(authorities).upgrade(socket, host, port, attachment, context);
        };
    }

    private static Timeout timeout(Duration duration) {
        return Timeout.of(duration);
    }

    /** Sends a request and returns when the headers are here. */
    Answer send(HttpUriRequestBase request, URI url) throws OriginException, InterruptedException {
        egress.check(url);
        HttpHost host = new HttpHost(Site.scheme(url), Site.bare(Site.host(url)), Site.port(url));
        request.setHeader("Accept-Encoding", "identity");
        ScheduledFuture<?> deadline = deadline(request);
        try {
            ClassicHttpResponse response = client.executeOpen(host, request, HttpClientContext.create());
            return new Answer(this, url, request, response);
        } catch (IOException e) {
            throw failure(url, e, request.isCancelled());
        } finally {
            deadline.cancel(false);
        }
    }

    /** Aborts the request unless the deadline is cancelled in time. */
    ScheduledFuture<?> deadline(HttpUriRequestBase request) {
        return deadlines.schedule(request::cancel, timeouts.headers().toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * What an exception of the HTTP client means. What the other end wrote is left out of the message: it may echo a
     * credential.
     *
     * @param overdue whether the deadline cancelled the request
     */
    static OriginException failure(URI url, IOException e, boolean overdue) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        String site = Site.of(url);
        if (overdue) {
            return new OriginException.Unreachable(site + " did not answer in time", e);
        }
        return switch (e) {
            case Egress.Refused refused -> new OriginException.Forbidden(String.valueOf(refused.getMessage()));
            case UnknownHostException unknown -> new OriginException.Unreachable(site + ": " + unknown.getMessage());
            case SSLException tls ->
                new OriginException.Unreachable(
                        site + " could not prove who it is or broke TLS (" + tls.getMessage()
                                + "); a private authority is named by ca in [[registry]]",
                        tls);
            case MessageConstraintException limits ->
                new OriginException.Malformed(
                        site + " sent a header beyond " + HEADER_COUNT_MAX + " lines of " + HEADER_LINE_MAX + " bytes");
            case ClientProtocolException protocol ->
                new OriginException.Malformed(site + " answered something that is not HTTP/1.1");
            case InterruptedIOException timeout ->
                new OriginException.Unreachable(site + " did not answer in time", timeout);
            default -> new OriginException.Unreachable(site + " could not be asked: " + e.getMessage(), e);
        };
    }

    /** Closes every connection, also those in use. */
    @Override
    public void close() {
        client.close(CloseMode.IMMEDIATE);
    }
}
